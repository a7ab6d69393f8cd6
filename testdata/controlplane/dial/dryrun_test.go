package dial_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

func dryRun(t *testing.T, cfg *rest.Config, ws ...bootstrap.Write) []facts.Attempt {
	t.Helper()
	var in []admission.Intercepted
	for n, w := range ws {
		w.Hook = fmt.Sprint(n)
		in = append(in, admission.Intercepted{Write: w})
	}
	return dial.Probe(t.Context(), probe.Plan(facts.New(facts.Meta{}), in, probe.Options{}), dial.Clients{Config: cfg, Identity: "nobody"})
}

// dryRuns has the API server try to create, update and delete objects of
// kinds that start-up hooks write, and shows that nothing came of it.
func dryRuns(t *testing.T, c *rig.Cluster) {
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	gvr := func(group, version, resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
	}
	ws := []bootstrap.Write{write()}
	for _, o := range []struct {
		gvr             schema.GroupVersionResource
		namespace, name string
		subresource     string
	}{
		{gvr("rbac.authorization.k8s.io", "v1", "clusterroles"), "", "system:node", ""},
		{gvr("flowcontrol.apiserver.k8s.io", "v1", "flowschemas"), "", "probes", ""},
		{gvr("flowcontrol.apiserver.k8s.io", "v1", "flowschemas"), "", "probes", "status"},
		{gvr("apiregistration.k8s.io", "v1", "apiservices"), "", "v1.apps", ""},
		{gvr("scheduling.k8s.io", "v1", "priorityclasses"), "", "system-node-critical", ""},
		{gvr("networking.k8s.io", "v1", "servicecidrs"), "", "kubernetes", ""},
		{gvr("", "v1", "endpoints"), "default", "kubernetes", ""},
		{gvr("", "v1", "configmaps"), "kube-system", "extension-apiserver-authentication", ""},
	} {
		live := existing(t, resource(client, o.gvr, o.namespace), o.name)
		object := live.DeepCopy()
		object.SetResourceVersion("")
		object.SetUID("")
		object.SetManagedFields(nil)
		if o.subresource == "" {
			object.SetLabels(map[string]string{"changed": "yes"})
		}
		ws = append(ws, bootstrap.Write{
			Operation: bootstrap.Update, Resource: o.gvr, Subresource: o.subresource, Kind: live.GroupVersionKind(),
			Namespace: o.namespace, Name: o.name, User: bootstrap.Loopback, Object: object, OldObject: live,
		})
	}
	remove := ws[2]
	remove.Operation, remove.Object = bootstrap.Delete, nil
	ws = append(ws, remove)
	for _, a := range dryRun(t, c.Config, ws...) {
		if outcome(a) != "allowed" || a.As != "system:apiserver" {
			t.Errorf("%+v", a)
		}
	}
	for _, w := range ws[1:] {
		live, err := resource(client, w.Resource, w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
		if err != nil || live.GetLabels()["changed"] != "" {
			t.Errorf("%s was written: %v", w.Key(), err)
		}
	}
	if _, err := resource(client, ws[0].Resource, "").Get(t.Context(), "asked", metav1.GetOptions{}); err == nil {
		t.Error("the ClusterRole was created")
	}
}

// existing returns the object once a start-up hook has written it.
func existing(t *testing.T, r dynamic.ResourceInterface, name string) *unstructured.Unstructured {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		live, err := r.Get(t.Context(), name, metav1.GetOptions{})
		if err == nil {
			return live
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func resource(client dynamic.Interface, r schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return client.Resource(r)
	}
	return client.Resource(r).Namespace(namespace)
}

func dryRunVerdicts(t *testing.T, c *rig.Cluster, b *rig.Backend) {
	for _, test := range []struct {
		controlplane.Behaviour
		want, detail string
	}{
		{controlplane.Allow(), "allowed", ""},
		{controlplane.Deny("not today", 403), "denied", `admission webhook "hook.rig.test" denied the request: not today`},
		{controlplane.Hang(), "denied", `failed calling webhook "hook.rig.test"`},
		{controlplane.Patch(`[{"op": "remove", "path": "/nothing"}]`), "could-not-ask", "nothing"},
	} {
		b.Behave(test.Behaviour)
		if a := dryRun(t, c.Config, write())[0]; outcome(a) != test.want || !strings.Contains(a.Detail, test.detail) {
			t.Errorf("%s: %+v", test, a)
		}
	}
}

// policyVerdict has a ValidatingAdmissionPolicy deny the write.
func policyVerdict(t *testing.T, c *rig.Cluster) {
	deny(t, c)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		a := dryRun(t, c.Config, write())[0]
		if outcome(a) == "denied" && strings.Contains(a.Detail, "ValidatingAdmissionPolicy 'no-roles'") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", a)
		}
	}
}

func deny(t *testing.T, c *rig.Cluster) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	admissions := c.Client.AdmissionregistrationV1()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "no-roles"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{"CREATE"},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{"rbac.authorization.k8s.io"}, APIVersions: []string{"*"}, Resources: []string{"clusterroles"}},
				},
			}}},
			Validations: []admissionregistrationv1.Validation{{Expression: "false"}},
		},
	}
	if _, err := admissions.ValidatingAdmissionPolicies().Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "no-roles"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: "no-roles", ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}
	if _, err := admissions.ValidatingAdmissionPolicyBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
