package kube_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestRealServer reads real API servers: all facts are there, nothing is
// written, and the recording replays.
func TestRealServer(t *testing.T) {
	t.Parallel()
	for _, minor := range []string{"1.35", "1.36"} {
		t.Run(minor, func(t *testing.T) {
			t.Parallel()
			c := rig.Start(t, controlplane.Options{Minor: minor, Flags: []string{
				"--feature-gates=MutatingAdmissionPolicy=true", "--runtime-config=admissionregistration.k8s.io/v1beta1=true,resource.k8s.io/v1beta1=true",
			}})
			populate(t, c)
			o := kube.Options{Version: "test"}
			identity, err := kube.Identity(t.Context(), c.Config, o)
			if err != nil || identity != "admin" {
				t.Errorf("the identity is %q: %v", identity, err)
			}
			s := facts.New(facts.Meta{}, kube.Collect(t.Context(), c.Config, o)...)
			for id, a := range absences(s) {
				t.Errorf("%s is absent: %s", id, a)
			}
			if t.Failed() {
				return
			}
			examine(t, s, c)
			replay(t, s)
			onlyReads(t, c)
			helmReleases(t, c)
			if !seesOtherVersion(t, c) {
				t.Error("a rule for resource.k8s.io/v1beta1 does not see v1, although both are served")
			}
		})
	}
}

func populate(t *testing.T, c *rig.Cluster) {
	t.Helper()
	ctx := t.Context()
	b, err := c.StartBackend(ctx, rig.BackendOptions{Namespace: "opa", Service: "opa"})
	must(t, err)
	must(t, c.Validate(ctx, "opa", b.ClientConfig("/v1/admit"), func(w *admission.ValidatingWebhook) {
		w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"opa": "yes"}}
		w.Rules[0].Resources = []string{"configmaps"}
	}))
	must(t, c.AddNodes(ctx, rig.NodePool{Count: 3}))
	populateNetwork(t, c)
	_, err = c.Client.CoreV1().ConfigMaps("opa").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "limits"}, Data: map[string]string{"max": "3"}}, metav1.CreateOptions{})
	must(t, err)
	_, err = c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(ctx, &admission.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "limits"},
		Spec: admission.ValidatingAdmissionPolicySpec{
			ParamKind:        &admission.ParamKind{APIVersion: "v1", Kind: "ConfigMap"},
			MatchConstraints: &admission.MatchResources{ResourceRules: []admission.NamedRuleWithOperations{{RuleWithOperations: admission.RuleWithOperations{Operations: []admission.OperationType{"CREATE"}, Rule: admission.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}}}}}},
			Validations:      []admission.Validation{{Expression: "object.spec.replicas <= int(params.data.max)"}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(ctx, &admission.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "limits"},
		Spec: admission.ValidatingAdmissionPolicyBindingSpec{PolicyName: "limits", ValidationActions: []admission.ValidationAction{"Deny"},
			ParamRef: &admission.ParamRef{Name: "limits", Namespace: "opa", ParameterNotFoundAction: new(admission.DenyAction)}},
	}, metav1.CreateOptions{})
	must(t, err)
	writeAtOldVersion(t, c)
	settle(ctx, c)
}

// settle waits for what an API server writes in the background after it is ready.
func settle(ctx context.Context, c *rig.Cluster) {
	for ctx.Err() == nil {
		leases, err := c.Client.CoordinationV1().Leases("kube-system").List(ctx, metav1.ListOptions{})
		slices, sliceErr := c.Client.DiscoveryV1().EndpointSlices("default").List(ctx, metav1.ListOptions{})
		if err == nil && sliceErr == nil && len(leases.Items) > 0 && len(slices.Items) > 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func examine(t *testing.T, s *facts.Snapshot, c *rig.Cluster) {
	t.Helper()
	if got := facts.ServerVersion.Of(s).GitVersion; got != "v"+c.First.Version {
		t.Errorf("the version is %s", got)
	}
	if got := facts.Endpoints.Of(s); len(got) != 1 || len(got[0].Endpoints) != 1 || !got[0].Endpoints[0].Ready || got[0].Endpoints[0].Pod != "opa" {
		t.Errorf("the endpoints are %+v", got)
	}
	if got := facts.BackendPods.Of(s); len(got) != 1 || !got[0].Ready {
		t.Errorf("the backend's pods are %+v", got)
	}
	examineNetwork(t, s)
	for _, m := range facts.SystemConfigMaps.Of(s) {
		if m.Labels == nil || m.Annotations == nil {
			t.Errorf("what the labels of %s are does not show", m.Name)
		}
	}
	for _, n := range facts.Namespaces.Of(s) {
		if own := n.Name == "kube-system" || n.Name == "default" || n.Name == "kube-public" || n.Name == "kube-node-lease"; own != (n.Annotations != nil) {
			t.Errorf("annotations of namespace %s: %v", n.Name, n.Annotations)
		}
	}
	for _, l := range facts.IdentityLeases.Of(s) {
		if l.Holder == "" || l.Seconds != 3600 {
			t.Errorf("the lease %+v", l)
		}
	}
	if got := facts.PolicyParams.Of(s); len(got) != 1 || len(got[0].Objects) != 1 {
		t.Errorf("the parameters are %+v", got)
	}
	if nodes, leases := facts.Nodes.Of(s), facts.NodeLeases.Of(s); len(nodes) < 3 || len(leases) < 3 {
		t.Errorf("there are %d nodes and %d leases", len(nodes), len(leases))
	}
	examineOldVersion(t, s)
	if requested := facts.APIServerMetrics.Of(s).Deprecated; !slices.Contains(requested, facts.DeprecatedRequest{Group: "resource.k8s.io", Version: "v1beta1", Resource: "deviceclasses", RemovedIn: "1.38"}) {
		t.Errorf("deprecated APIs requested are %v", requested)
	}
	service := facts.KubernetesService.Of(s)
	if own := c.First.Address.Addr().String(); !service.Exists || service.Port != 443 || !slices.Contains(service.Addresses, own) || !slices.Contains(service.SliceAddresses, own) {
		t.Errorf("default/kubernetes is %+v", service)
	}
	if got := facts.IPAddresses.Of(s); len(got) == 0 || !got[0].Managed || !strings.HasPrefix(got[0].Parent, "services/") {
		t.Errorf("the IP addresses are %+v", got)
	}
	for _, want := range []struct {
		fact    facts.Fact
		atLeast int
	}{
		{facts.ClusterRoles, 60}, {facts.ClusterRoleBindings, 40}, {facts.Roles, 6}, {facts.RoleBindings, 6}, {facts.PriorityClasses, 2},
		{facts.FlowSchemas, 10}, {facts.PriorityLevels, 8}, {facts.APIServices, 20}, {facts.ServiceCIDRs, 1}, {facts.SystemConfigMaps, 2},
		{facts.IdentityLeases, 1}, {facts.APIResources, 100},
	} {
		v, _ := s.Value(want.fact)
		if n := length(v); n < want.atLeast {
			t.Errorf("%s has %d, want at least %d", want.fact.ID(), n, want.atLeast)
		}
	}
}

func replay(t *testing.T, s *facts.Snapshot) {
	t.Helper()
	var recorded, again bytes.Buffer
	must(t, s.WriteZip(&recorded))
	loaded, err := facts.LoadZip(recorded.Bytes())
	must(t, err)
	must(t, loaded.WriteZip(&again))
	if !bytes.Equal(recorded.Bytes(), again.Bytes()) {
		t.Error("the recording does not replay to the same bytes")
	}
	for _, f := range facts.All() {
		v, _ := s.Value(f)
		w, _ := loaded.Value(f)
		if diff := cmp.Diff(v, w); diff != "" {
			t.Errorf("%s differs after a replay:\n%s", f.ID(), diff)
		}
	}
}

func onlyReads(t *testing.T, c *rig.Cluster) {
	t.Helper()
	events, err := c.First.Audit()
	must(t, err)
	seen := 0
	for _, e := range events {
		if !controlplane.ByAgent("gke-preflight/test")(e) {
			continue
		}
		seen++
		review := e.Verb == "create" && e.ObjectRef.Resource == "selfsubjectreviews"
		if e.Verb != "get" && e.Verb != "list" && !review || e.ObjectRef != nil && e.ObjectRef.Resource == "secrets" {
			t.Errorf("the collectors sent %s", controlplane.Describe(e))
		}
	}
	if seen < len(facts.All())/2 {
		t.Errorf("the audit log has %d requests of the collectors", seen)
	}
}

// TestNoRights reads as a user without any: each fact is absent or its
// discovery is open to everyone, and each absence says who may not.
func TestNoRights(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{Minor: "1.36"})
	cfg, err := c.ConfigFor(c.First, "nobody")
	must(t, err)
	s := facts.New(facts.Meta{}, kube.Collect(t.Context(), cfg, kube.Options{})...)
	if seesOtherVersion(t, c) {
		t.Error("a rule for resource.k8s.io/v1beta1 sees v1, although v1beta1 is not served")
	}
	got := absences(s)
	for _, f := range facts.All() {
		a, absent := got[f.ID()]
		open := f.ID() == facts.ServerVersion.ID() || f.ID() == facts.APIResources.ID()
		// Nothing is served that goes away, nor other kinds of network policies.
		nothing := f.ID() == facts.DeprecatedAPIs.ID() || f.ID() == facts.OtherNetworkPolicies.ID() || facts.ReadsSecrets(f)
		if !ofKubernetes(f) || open && !absent || nothing && !absent {
			continue
		}
		if a.Reason != facts.Forbidden || !strings.Contains(a.Detail, `User "nobody" cannot`) {
			t.Errorf("%s: absent %v: %s", f.ID(), absent, a)
		}
	}
}
