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

const webhook = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: opa}
webhooks: [{name: a.example.org, clientConfig: {url: "https://a.example.org/"}, sideEffects: None, admissionReviewVersions: [v1]}]
`

const policy = `apiVersion: admissionregistration.k8s.io/v1beta1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec: {validations: [{expression: "true"}]}
`

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []Name
		says    string
	}{
		"one":                   {webhook, []Name{{"ValidatingWebhookConfiguration", "opa"}}, ""},
		"a chart":               {"# a comment\n---\n" + webhook + "---\napiVersion: v1\nkind: Service\nmetadata: {name: opa}\n---\n" + policy, []Name{{"ValidatingWebhookConfiguration", "opa"}, {"ValidatingAdmissionPolicy", "p"}}, ""},
		"a list":                {`{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": "m"}}]}`, []Name{{"MutatingWebhookConfiguration", "m"}}, ""},
		"nothing of ours":       {"apiVersion: v1\nkind: Service\n", nil, "f.yaml holds no webhook configuration"},
		"empty":                 {"", nil, "f.yaml holds no webhook configuration"},
		"a typo":                {strings.Replace(webhook, "sideEffects", "sideEffect", 1), nil, `unknown field "sideEffect"`},
		"no name":               {strings.Replace(webhook, "{name: opa}", "{}", 1), nil, "metadata.name is missing"},
		"not YAML":              {"a: [", nil, "f.yaml: document 1: "},
		"another kind of group": {"apiVersion: admissionregistration.k8s.io/v1\nkind: Quota\n", nil, "kind Quota of admissionregistration.k8s.io/v1 is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			_, got, err := Apply(untouched(t), "f.yaml", []byte(c.content))
			if c.says == "" && (err != nil || !slices.Equal(got, c.want)) {
				t.Errorf("found %v, %v; want %v", got, err, c.want)
			}
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error is %v, want one that says %q", err, c.says)
			}
		})
	}
}

func TestApplyReplacesTheObjectOfThatName(t *testing.T) {
	s, _, err := Apply(untouched(t), "f.yaml", []byte(webhook))
	if err != nil {
		t.Fatal(err)
	}
	s, _, err = Apply(s, "f.yaml", []byte(strings.ReplaceAll(webhook, "a.example.org", "b.example.org")))
	if err != nil {
		t.Fatal(err)
	}
	if all := facts.ValidatingWebhooks.Of(s); len(all) != 1 || all[0].Webhooks[0].Name != "b.example.org" {
		t.Errorf("the configurations are %+v", all)
	}
}

func TestApplyToWhatWasNotRead(t *testing.T) {
	s := untouched(t).With(facts.Absent(facts.ValidatingWebhooks, facts.Forbidden, ""))
	if _, _, err := Apply(s, "f.yaml", []byte(webhook)); err == nil || !strings.Contains(err.Error(), "validating-webhooks (forbidden)") {
		t.Errorf("error is %v", err)
	}
}

func FuzzApply(f *testing.F) {
	f.Add([]byte(webhook + "---\n" + policy))
	f.Add([]byte("kind: List\nitems: [1, null, {kind: List}]"))
	s := untouched(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		_, names, err := Apply(s, "f.yaml", content)
		if err == nil && len(names) == 0 {
			t.Error("nothing was found, and that is no error")
		}
	})
}
