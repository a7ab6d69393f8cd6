package admission_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/admission/admissiontest"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// The API server's policy plugin as a whole, fed by informers as in the API
// server, says the same to every write as its parts do here: policies are
// compiled, bound and given their params in the same way.
func TestPoliciesAsThePluginRunsThem(t *testing.T) {
	compared := 0
	for _, c := range cases(t) {
		if !heldAgainstPlugin(c) {
			continue
		}
		plugin := newPolicyPlugin(t, c.Snapshot)
		for _, w := range c.Writes {
			attributes, objects := admission.Request(c.Snapshot, w.Write)
			err := plugin.Validate(t.Context(), attributes, objects)
			var denials []string
			for _, i := range admission.Match(c.Snapshot, w.Write) {
				if i.Kind == admission.ValidatingPolicy && i.Denial != "" {
					denials = append(denials, i.Denial)
				}
			}
			compared++
			switch {
			case err == nil && denials != nil:
				t.Errorf("%s: %s: the plugin admits it, here it is denied: %q", c.Name, w.Key(), denials)
			case err != nil && !contains(denials, err.Error()):
				t.Errorf("%s: %s: the plugin denies it: %q\nhere: %q", c.Name, w.Key(), err, denials)
			}
		}
	}
	if compared < 15 {
		t.Errorf("only %d writes were compared", compared)
	}
}

// heldAgainstPlugin reports whether the snapshot holds all that the plugin asks a
// cluster for, and no mutating policy comes before it.
func heldAgainstPlugin(c admissiontest.Case) bool {
	policies, _ := facts.ValidatingPolicies.Get(c.Snapshot)
	mutating, _ := facts.MutatingPolicies.Get(c.Snapshot)
	for _, f := range admission.Needs() {
		if _, absent := c.Snapshot.Absence(f); absent && f.ID() != facts.ServerVersion.ID() {
			return false
		}
	}
	for _, w := range c.Writes {
		if strings.Contains(strings.Join(w.Want, ""), "undecided") {
			return false
		}
	}
	return len(policies) > 0 && len(mutating) == 0
}

func contains(denials []string, message string) bool {
	for _, d := range denials {
		if d == message {
			return true
		}
	}
	return false
}

func newPolicyPlugin(t *testing.T, s *facts.Snapshot) *validating.Plugin {
	t.Helper()
	objects, mapper := clusterObjects(t, s)
	custom, lists := customParams(s)
	client := fake.NewClientset(objects...)
	factory := informers.NewSharedInformerFactory(client, 0)
	plugin, err := validating.NewPlugin(nil)
	if err != nil {
		t.Fatal(err)
	}
	plugin.SetExternalKubeClientSet(client)
	plugin.SetExternalKubeInformerFactory(factory)
	plugin.SetRESTMapper(mapper)
	plugin.SetDynamicClient(dynamicfake.NewSimpleDynamicClientWithCustomListKinds(scheme.Scheme, lists, custom...))
	plugin.SetDrainedNotification(t.Context().Done())
	plugin.SetUnconditionalAuthorizer(authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup))
	plugin.SetExcludedAdmissionResources(admission.Reviews)
	if err := plugin.ValidateInitialization(); err != nil {
		t.Fatal(err)
	}
	factory.Start(t.Context().Done())
	if !plugin.WaitForReady() {
		t.Fatal("the plugin does not get ready")
	}
	return plugin
}

func clusterObjects(t *testing.T, s *facts.Snapshot) ([]runtime.Object, meta.RESTMapper) {
	t.Helper()
	var objects []runtime.Object
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, p := range facts.ValidatingPolicies.Of(s) {
		objects = append(objects, admission.WithDefaultsValidatingPolicy(p))
	}
	for _, b := range facts.ValidatingPolicyBindings.Of(s) {
		b.Spec.MatchResources = admission.WithDefaultsMatch(b.Spec.MatchResources)
		objects = append(objects, &b)
	}
	for _, n := range facts.Namespaces.Of(s) {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}})
	}
	for _, k := range facts.PolicyParams.Of(s) {
		if k.Resource == "" {
			continue
		}
		gvk := schema.FromAPIVersionAndKind(k.APIVersion, k.Kind)
		scope := meta.RESTScopeRoot
		if k.Namespaced {
			scope = meta.RESTScopeNamespace
		}
		mapper.AddSpecific(gvk, gvk.GroupVersion().WithResource(k.Resource), gvk.GroupVersion().WithResource(strings.ToLower(k.Kind)), scope)
		if !scheme.Scheme.Recognizes(gvk) {
			continue
		}
		for _, content := range k.Objects {
			o, err := scheme.Scheme.New(gvk)
			if err != nil {
				t.Fatal(err)
			}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, o); err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
	}
	return objects, mapper
}

// customParams are the objects of kinds that are not the API server's own.
func customParams(s *facts.Snapshot) (objects []runtime.Object, lists map[schema.GroupVersionResource]string) {
	lists = map[schema.GroupVersionResource]string{}
	for _, k := range facts.PolicyParams.Of(s) {
		gvk := schema.FromAPIVersionAndKind(k.APIVersion, k.Kind)
		if k.Resource == "" || scheme.Scheme.Recognizes(gvk) {
			continue
		}
		lists[gvk.GroupVersion().WithResource(k.Resource)] = k.Kind + "List"
		for _, content := range k.Objects {
			u := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(content)}
			u.SetGroupVersionKind(gvk)
			objects = append(objects, u)
		}
	}
	return objects, lists
}
