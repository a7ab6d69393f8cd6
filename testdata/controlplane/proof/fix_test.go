package proof

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/program"
)

// fix runs the tool as a user would and reads its plan.
func (x tool) fix(t *testing.T, kubeconfig string, args ...string) (r cure.Report) {
	t.Helper()
	code, err := program.Ask(t, string(x), &r, "fix", kubeconfig, append([]string{"--vantage", "pod-network"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	if code != r.Patched.ExitCode() {
		t.Errorf("exit code %d with verdict %s", code, r.Patched)
	}
	return r
}

var kinds = map[string]schema.GroupVersionResource{
	"ValidatingWebhookConfiguration": {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"},
	"MutatingWebhookConfiguration":   {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations"},
	"ValidatingAdmissionPolicy":      {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"},
}

// applied applies the patch or the manifest, having tried both: they must come to
// the same. What was patched refuses to be patched again.
func applied(t *testing.T, c *rig.Cluster, k cure.Cure, byManifest bool) {
	t.Helper()
	objects := dynamicClient(t, c).Resource(kinds[k.Kind])
	manifest, err := yaml.YAMLToJSONStrict([]byte(k.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	patch := func(dryRun ...string) (map[string]any, error) {
		o, err := objects.Patch(t.Context(), k.Name, types.JSONPatchType, k.Patch, metav1.PatchOptions{DryRun: dryRun})
		if err != nil {
			return nil, err
		}
		return content(o.Object), nil
	}
	apply := func(dryRun ...string) (map[string]any, error) {
		o, err := objects.Patch(t.Context(), k.Name, types.ApplyPatchType, manifest, metav1.PatchOptions{FieldManager: "gke-preflight", Force: &k.Force, DryRun: dryRun})
		if err != nil {
			return nil, err
		}
		return content(o.Object), nil
	}
	patched, err := patch(metav1.DryRunAll)
	if err != nil {
		t.Fatalf("%s: %v", k.Command, err)
	}
	asApplied, err := apply(metav1.DryRunAll)
	if err != nil {
		t.Fatalf("%s: %v", k.Manifest, err)
	}
	if diff := cmp.Diff(patched, asApplied); diff != "" {
		t.Errorf("-patch +manifest:\n%s", diff)
	}
	do := patch
	if byManifest {
		do = apply
	}
	if _, err := do(); err != nil {
		t.Fatal(err)
	}
	if _, err := patch(metav1.DryRunAll); err == nil {
		t.Error("the patch applies to an object that has been changed")
	}
}

// content is an object without its metadata, and with its matchConditions by name.
func content(o map[string]any) map[string]any {
	delete(o, "metadata")
	byName(o)
	return o
}

func byName(v any) {
	switch v := v.(type) {
	case map[string]any:
		if conditions, ok := v["matchConditions"].([]any); ok {
			slices.SortFunc(conditions, func(a, b any) int {
				return strings.Compare(a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string))
			})
		}
		for _, e := range v {
			byName(e)
		}
	case []any:
		for _, e := range v {
			byName(e)
		}
	}
}

func dynamicClient(t *testing.T, c *rig.Cluster) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// resourceVersions are those of every configuration and policy.
func resourceVersions(t *testing.T, c *rig.Cluster) []string {
	t.Helper()
	var all []string
	for kind, resource := range kinds {
		list, err := dynamicClient(t, c).Resource(resource).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Items {
			all = append(all, kind+" "+o.GetName()+" "+o.GetResourceVersion())
		}
	}
	slices.Sort(all)
	return all
}
