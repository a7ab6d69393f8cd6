package admission_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

const onConfigMaps = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: maps}
webhooks:
- name: maps.example.org
  clientConfig: {url: "https://maps.example.org"}
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [configmaps]}]
`

// TestUnrecordedLabels: recordings of earlier versions hold no labels of the ConfigMaps
// that API servers write. Whether a webhook that asks for one sees the write is not known
// from these, and must not be made up.
func TestUnrecordedLabels(t *testing.T) {
	const (
		selects = "  objectSelector: {matchLabels: {team: a}}\n"
		spares  = "  objectSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}\n"
		reads   = "  matchConditions: [{name: c, expression: \"has(object.metadata.labels) && 'team' in object.metadata.labels\"}]\n"
		about   = "  matchConditions: [{name: c, expression: \"object.metadata.name == 'other'\"}]\n"
	)
	none, some := map[string]string{}, map[string]string{"team": "a"}
	for name, c := range map[string]struct {
		asks      string
		labels    map[string]string
		sees      bool
		undecided bool
	}{
		"no labels, and one is asked for":        {selects, none, false, false},
		"the label":                              {selects, some, true, false},
		"not recorded, and one is asked for":     {selects, nil, true, true},
		"no labels, and one is spared":           {spares, none, true, false},
		"the label, which is spared":             {spares, some, false, false},
		"not recorded, and one is spared":        {spares, nil, true, true},
		"no labels, and an expression reads one": {reads, none, false, false},
		"the label, which an expression reads":   {reads, some, true, false},
		"not recorded, and an expression reads":  {reads, nil, true, true},
		"not recorded, and nothing reads labels": {"", nil, true, false},
		"not recorded, and another is meant":     {about, nil, false, false},
	} {
		untouched, _ := bootstrap.Untouched("1.35")
		s := facts.New(facts.Meta{Target: "1.36"}, untouched...)
		maps := slices.Clone(facts.SystemConfigMaps.Of(s))
		for n := range maps {
			maps[n].Labels = c.labels
		}
		m, err := manifest.Read("m.yaml", []byte(onConfigMaps+c.asks))
		if err != nil {
			t.Fatal(err)
		}
		s, _, err = manifest.Apply(s.With(facts.Present(facts.SystemConfigMaps, maps)), false, m)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, i := range admission.Intercept(s) {
			if !strings.HasPrefix(i.Write.Key(), "UPDATE configmaps ") {
				continue
			}
			found = true
			if sees := len(i.By) > 0; sees != c.sees || sees && (i.By[0].Undecided != "") != c.undecided {
				t.Errorf("%s: %+v", name, i.By)
			}
		}
		if !found {
			t.Fatal("no ConfigMap is updated: that proves nothing")
		}
	}
}
