package manifest

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func untouched(t testing.TB) *facts.Snapshot {
	t.Helper()
	o, ok := bootstrap.Untouched("1.35")
	if !ok {
		t.Fatal("the catalogue has no 1.35")
	}
	return facts.New(facts.Meta{Target: "1.36"}, o...)
}

// apply reads and applies one file.
func apply(s *facts.Snapshot, content string) (*facts.Snapshot, Added, error) {
	m, err := Read("f.yaml", []byte(content))
	if err != nil {
		return nil, Added{}, err
	}
	return Apply(s, true, m)
}

const webhook = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: opa}
webhooks:
- name: a.example.org
  clientConfig: {url: "https://a.example.org/"}
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]
`

const policy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: "true"}]
`

const binding = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: p, validationActions: [Deny]}
`

var (
	opa = Name{"ValidatingWebhookConfiguration", "opa"}
	p   = Name{"ValidatingAdmissionPolicy", "p"}
	b   = Name{"ValidatingAdmissionPolicyBinding", "b"}
)

// asJSON is the webhook above as one line of JSON.
const asJSON = `{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "opa"}, "webhooks": [{"name": "a.example.org", "clientConfig": {"url": "https://a.example.org/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]}]}`

func TestApplyReplacesTheObjectOfThatName(t *testing.T) {
	s, _, err := apply(untouched(t), webhook)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err = apply(s, strings.ReplaceAll(webhook, "a.example.org", "b.example.org"))
	if err != nil {
		t.Fatal(err)
	}
	if all := facts.ValidatingWebhooks.Of(s); len(all) != 1 || all[0].Webhooks[0].Name != "b.example.org" {
		t.Errorf("the configurations are %+v", all)
	}
}

func TestApplyToWhatWasNotRead(t *testing.T) {
	s := untouched(t).With(facts.Absent(facts.ValidatingWebhooks, facts.Forbidden, ""))
	if _, _, err := apply(s, webhook); err == nil || !strings.Contains(err.Error(), "validating-webhooks (forbidden)") {
		t.Errorf("error is %v", err)
	}
}

// TestSurroundings: what decides who sees a write may stand beside the webhook, in
// another document or in another file, before it or after.
func TestSurroundings(t *testing.T) {
	const around = `apiVersion: v1
kind: Namespace
metadata: {name: kube-system, labels: {exempt: "yes"}}
---
apiVersion: v1
kind: Service
metadata: {name: opa, namespace: opa}
spec: {selector: {app: opa}, ports: [{port: 443, targetPort: https}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: limits.example.org}
spec: {group: example.org, scope: Namespaced, names: {kind: Limit, plural: limits}, versions: [{name: v1, served: true}, {name: v0, served: false}]}
`
	one, err := Read("one.yaml", []byte(webhook))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Read("two.yaml", []byte(around+"---\n"+policy))
	if err != nil {
		t.Fatal(err)
	}
	s, added, err := Apply(untouched(t), true, one, two)
	if err != nil || !slices.Equal(added.Names, []Name{opa, p}) {
		t.Fatalf("%v, %v", added.Names, err)
	}
	system := slices.IndexFunc(facts.Namespaces.Of(s), func(n facts.Namespace) bool { return n.Name == "kube-system" })
	if labels := facts.Namespaces.Of(s)[system].Labels; labels["exempt"] != "yes" || labels["kubernetes.io/metadata.name"] != "kube-system" {
		t.Errorf("kube-system has %v", labels)
	}
	if !slices.ContainsFunc(facts.Services.Of(s), func(v facts.Service) bool {
		return v.Name == "opa" && v.Selector["app"] == "opa" && v.Ports[0].TargetPort == "https"
	}) {
		t.Errorf("the Services are %v", facts.Services.Of(s))
	}
	served := func(version string) bool {
		return slices.ContainsFunc(facts.APIResources.Of(s), func(r facts.APIResource) bool {
			return r.Group == "example.org" && r.Version == version && r.Resource == "limits" && r.Namespaced
		})
	}
	if !served("v1") || served("v0") {
		t.Errorf("v1 is served: %v, v0: %v", served("v1"), served("v0"))
	}
	if len(facts.Namespaces.Of(untouched(t))[system].Labels) > 1 {
		t.Error("the snapshot that was given has changed")
	}
}

// TestParams: parameters of the manifest count, and whether others may be there is
// known of an untouched cluster alone.
func TestParams(t *testing.T) {
	takes := strings.Replace(policy, "spec:\n", "spec:\n  paramKind: {apiVersion: v1, kind: ConfigMap}\n", 1)
	refers := func(ref string) string {
		return strings.Replace(binding, "[Deny]", "[Deny], paramRef: {"+ref+", parameterNotFoundAction: Deny}", 1)
	}
	const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owners}\ndata: {a: b}\n"
	for name, c := range map[string]struct {
		ref, object string
		whole       bool
		objects     int
		absent      bool
	}{
		"by name":                          {"name: owners, namespace: default", object, true, 1, false},
		"by name, in a cluster":            {"name: owners, namespace: default", object, false, 1, false},
		"another name, in a cluster":       {"name: other, namespace: default", object, false, 1, true},
		"by a selector, in a cluster":      {"selector: {}, namespace: default", object, false, 1, true},
		"by a selector, untouched":         {"selector: {}, namespace: default", object, true, 1, false},
		"no namespace given, in a cluster": {"name: owners", object, false, 1, true},
		"not there, untouched":             {"name: owners, namespace: default", "", true, 0, false},
	} {
		m, err := Read("f.yaml", []byte(takes+"---\n"+refers(c.ref)+"---\n"+c.object))
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := Apply(untouched(t), c.whole, m)
		if err != nil {
			t.Fatal(err)
		}
		kinds := facts.PolicyParams.Of(s)
		if len(kinds) != 1 || kinds[0].Resource != "configmaps" || !kinds[0].Namespaced || len(kinds[0].Objects) != c.objects || (kinds[0].Absence != facts.Absence{}) != c.absent {
			t.Errorf("%s: the parameters are %+v", name, kinds)
		}
	}
}

// TestNotServed: what an API server does not serve can't be applied, so that what
// is judged in spite of that is said.
func TestNotServed(t *testing.T) {
	mutating := `apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata: {name: m}
spec: {policyName: m}
`
	for name, c := range map[string]struct {
		minor, target, content, says string
		judged                       bool
	}{
		"a beta policy":                 {"1.35", "1.36", strings.Replace(policy, "/v1", "/v1beta1", 1), "which is not served, so that kubectl would refuse it", true},
		"a beta kind, from the target":  {"1.35", "1.36", mutating, "which is not served", true},
		"a kind that nobody serves":     {"1.30", "1.31", mutating, "is not judged", false},
		"a kind that the target serves": {"1.35", "1.36", strings.Replace(mutating, "v1beta1", "v1", 1), "is served from 1.36 on", true},
	} {
		o, _ := bootstrap.Untouched(c.minor)
		_, added, err := apply(facts.New(facts.Meta{Target: c.target}, o...), c.content)
		if err != nil || (len(added.Names) > 0) != c.judged || !strings.Contains(strings.Join(added.Notes, "\n"), c.says) {
			t.Errorf("%s: %+v, %v", name, added, err)
		}
	}
}

func FuzzApply(f *testing.F) {
	f.Add([]byte(webhook + "---\n" + policy))
	f.Add([]byte("kind: List\napiVersion: v1\nitems: [1, null, {kind: List}]"))
	f.Add([]byte(asJSON + asJSON))
	s := untouched(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		_, added, err := apply(s, string(content))
		if err == nil && len(added.Names) == 0 && len(added.Notes) == 0 {
			t.Error("nothing was found, and that is no error")
		}
	})
}
