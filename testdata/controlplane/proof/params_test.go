package proof

import (
	"slices"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// A policy that takes its parameters from a custom resource, as Gatekeeper makes
// them: without the parameters a new replica can't start, and with them it starts
// at once, half a minute late, or not at the first try.
func TestPolicyWithCustomParams(t *testing.T) {
	t.Parallel()
	rig.Require(t)
	tool := tool(rig.Tool(t))
	c := start(t)
	limits := limitsOf(t, c)
	bindToLimits(t, c)

	const bootstrapRoles = "rbac/bootstrap-roles"
	missing := tool.check(t, c.Kubeconfig)
	if cp := missing.Forecast.ControlPlane; cp.Outcome != forecast.CrashLoop || missing.Verdict != preflight.NotReady {
		t.Errorf("without its parameters: foretold %s, %s", told(cp), hooks(cp))
	}
	if out := upgrade(t, c, 0); out.State != controlplane.Exited || out.Hook != bootstrapRoles {
		t.Errorf("without its parameters: %s", out)
	}

	limit := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Limit", "metadata": map[string]any{"name": "all"}}}
	if _, err := limits.Create(t.Context(), limit, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	there := tool.check(t, c.Kubeconfig)
	cp := there.Forecast.ControlPlane
	if cp.Outcome != forecast.Unknown || there.Verdict != preflight.Inconclusive {
		t.Errorf("with them: foretold %s: %s", told(cp), hooks(cp))
	}
	if !slices.ContainsFunc(there.Findings, func(f preflight.Finding) bool { return f.Check == "GP128" && f.Subject.Name == "limits" }) {
		t.Errorf("the policy is not named: %v", there.Findings)
	}
	out := upgrade(t, c, 0)
	t.Logf("with them: %s", out)
	switch {
	case out.State == controlplane.Exited && out.Hook == bootstrapRoles:
	case out.State == controlplane.Ready && out.After < 40*time.Second:
	default:
		t.Errorf("with them: %s", out)
	}
}

// limitsOf makes the custom resource and returns its client once it is served.
func limitsOf(t *testing.T, c *rig.Cluster) dynamic.ResourceInterface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	crd := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "limits.example.com"},
		"spec": map[string]any{
			"group": "example.com", "scope": "Cluster",
			"names": map[string]any{"plural": "limits", "singular": "limit", "kind": "Limit", "listKind": "LimitList"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}},
			}},
		},
	}}
	crds := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	if _, err := client.Resource(crds).Create(t.Context(), crd, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	limits := client.Resource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "limits"})
	for {
		if _, err = limits.List(t.Context(), metav1.ListOptions{}); err == nil {
			return limits
		}
		select {
		case <-t.Context().Done():
			t.Fatal(err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func bindToLimits(t *testing.T, c *rig.Cluster) {
	t.Helper()
	deny := admissionregistrationv1.DenyAction
	bind(t, c, limitsPolicy(), &admissionregistrationv1.ParamRef{Name: "all", ParameterNotFoundAction: &deny})
}

// limitsPolicy sees ClusterRoles and takes its parameters from Limits.
func limitsPolicy() *admissionregistrationv1.ValidatingAdmissionPolicy {
	return &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "limits"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			ParamKind:   &admissionregistrationv1.ParamKind{APIVersion: "example.com/v1", Kind: "Limit"},
			Validations: []admissionregistrationv1.Validation{{Expression: "params.metadata.name != ''"}},
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{
				{RuleWithOperations: rule("rbac.authorization.k8s.io", "clusterroles")},
			}},
		},
	}
}

// TestPolicyOfUnservedParams has a policy whose kind of parameters nobody serves,
// and a binding that allows where parameters are missing. Since 1.37 that decides
// for a running API server that has lost the kind; one that starts has never known
// it, and rejects whatever the policy matches.
func TestPolicyOfUnservedParams(t *testing.T) {
	t.Parallel()
	rig.Require(t)
	tool := tool(rig.Tool(t))
	c := start(t)
	p := limitsPolicy()
	allow := admissionregistrationv1.AllowAction
	bind(t, c, p, &admissionregistrationv1.ParamRef{Name: "all", ParameterNotFoundAction: &allow})

	report := tool.check(t, c.Kubeconfig)
	if cp := report.Forecast.ControlPlane; cp.Outcome != forecast.CrashLoop || report.Verdict != preflight.NotReady {
		t.Errorf("foretold %s, %s", told(cp), hooks(cp))
	}
	if out := upgrade(t, c, 0); out.State != controlplane.Exited || out.Hook != "rbac/bootstrap-roles" {
		t.Errorf("happened: %s", out)
	}
}
