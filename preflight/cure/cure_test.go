package cure

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestEveryRecording finds a cure, or a reason why there is none, for whoever
// stands in the way in any case of the checks and in the incident.
func TestEveryRecording(t *testing.T) {
	cured, ready, preventive := 0, 0, 0
	for name, s := range recordings(t) {
		f := forecast.Of(s)
		p, after := With(s, Options{})
		for _, harming := range troublesOf(f) {
			if c, ok := p.For(harming.of("")); !ok && !slices.ContainsFunc(p.Left, func(l Left) bool { return l.Kind == harming.kind && l.Name == harming.name && l.Reason != "" }) {
				t.Errorf("%s: %s has neither a cure nor a reason", name, harming.key)
			} else if ok && !c.Cures {
				t.Errorf("%s: %s is not cured: %+v", name, harming.key, c)
			} else if ok {
				cured++
			}
		}
		for _, c := range slices.Concat(p.Cures, p.Precautions) {
			if c.After.Outcome != forecast.Ready && len(p.Left) == 0 {
				t.Errorf("%s: %s %s: %s after its cure", name, c.Kind, c.Name, c.After.Outcome)
			}
			holdManifest(t, name, s, c)
		}
		for _, c := range p.Precautions {
			preventive++
			if !c.Cures || !c.Before.Outcome.Fails() {
				t.Errorf("%s: the precaution for %s turns %s into %s", name, c.Name, c.Before.Outcome, c.After.Outcome)
			}
		}
		if rest := forecast.Of(after); len(p.Left) == 0 {
			if rest.ControlPlane.Outcome != forecast.Ready || p.After.Outcome != forecast.Ready || len(p.After.Lifelines) > 0 {
				t.Errorf("%s: %s with all patches, and nothing is left: %+v", name, rest.ControlPlane.Outcome, p.After)
			}
			ready++
		}
	}
	if cured < 15 || ready < 20 || preventive < 2 {
		t.Errorf("only %d cures, %d precautions and %d recordings that come out ready: the cases prove little", cured, preventive, ready)
	}
}

// holdManifest requires that the patch and the manifest make the same object.
func holdManifest(t *testing.T, name string, s *facts.Snapshot, c Cure) {
	t.Helper()
	o, _ := find(s, key{c.Kind, c.Name})
	recorded, err := json.Marshal(o.value)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(c.Patch)
	if err != nil {
		t.Fatal(err)
	}
	byPatch, err := patch.Apply(recorded)
	if err != nil {
		t.Fatalf("%s: %s: %v", name, c.Command, err)
	}
	partial, err := yaml.YAMLToJSONStrict([]byte(c.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	byManifest, err := strategicpatch.StrategicMergePatch(recorded, partial, o.value)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(document(t, byPatch), document(t, byManifest)); diff != "" {
		t.Errorf("%s: %s: -patch +manifest\n%s", name, c.Name, diff)
	}
}

// document reads an object, with its matchConditions by name: merging does not
// keep their order, and it does not matter.
func document(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	delete(d, "apiVersion")
	delete(d, "kind")
	sortConditions(d)
	return d
}

func sortConditions(v any) {
	switch v := v.(type) {
	case map[string]any:
		if cs, ok := v["matchConditions"].([]any); ok {
			slices.SortFunc(cs, func(a, b any) int {
				return strings.Compare(a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string))
			})
		}
		for _, e := range v {
			sortConditions(e)
		}
	case []any:
		for _, e := range v {
			sortConditions(e)
		}
	}
}

const frozen = `
-- validating-webhooks.yaml --
- metadata: {name: opa}
  webhooks:
  - name: validating-webhook.openpolicyagent.org
    failurePolicy: Fail
    timeoutSeconds: 10
    sideEffects: None
    admissionReviewVersions: [v1]
    matchConditions: [{name: not-the-api-server, expression: "true"}]
    rules: [{apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], operations: [CREATE, UPDATE], scope: "*"}]
    clientConfig: {service: {namespace: opa, name: opa}}
-- attempts.yaml --
- {type: Validating, config: opa, webhook: validating-webhook.openpolicyagent.org, write: "x", vantage: pod-network, target: "opa/opa:443", answer: hung-before-tls, ms: 10000}
`

// change edits the first webhook of a recording.
func change(s *facts.Snapshot, f func(*admissionregistrationv1.ValidatingWebhook)) *facts.Snapshot {
	all := facts.ValidatingWebhooks.Of(s)
	c := *all[0].DeepCopy()
	f(&c.Webhooks[0])
	return s.With(facts.Present(facts.ValidatingWebhooks, append([]admissionregistrationv1.ValidatingWebhookConfiguration{c}, all[1:]...)))
}

func TestWays(t *testing.T) {
	kinds, err := ParseKinds("ingresses.networking.k8s.io,services")
	if err != nil {
		t.Fatal(err)
	}
	s := recording(t, frozen)
	ignore := admissionregistrationv1.Ignore
	open := change(s, func(w *admissionregistrationv1.ValidatingWebhook) { w.FailurePolicy = &ignore })
	full := change(s, func(w *admissionregistrationv1.ValidatingWebhook) {
		for len(w.MatchConditions) < mostConditions {
			w.MatchConditions = append(w.MatchConditions, admissionregistrationv1.MatchCondition{Name: free(w.MatchConditions, "c"), Expression: "true"})
		}
	})
	old := s.With(facts.Absent(facts.ServerVersion, facts.Forbidden, ""))
	for name, c := range map[string]struct {
		s    *facts.Snapshot
		o    Options
		want Way
		// after is the outcome; of something that is left it is empty, and why says the reason.
		after forecast.Outcome
		why   string
	}{
		"the best":                      {s: s, want: MatchConditions, after: forecast.Ready},
		"kinds that the user names":     {s: s, o: Options{Way: Rules, Kinds: map[string][]kind{"opa": kinds}}, want: Rules, after: forecast.Ready},
		"kinds that nobody names":       {s: s, o: Options{Way: Rules}, why: "say so by --kinds"},
		"namespaces do not do":          {s: s, o: Options{Way: Namespaces}, why: "crash-loop if it leaves out"},
		"sooner is no help":             {s: s, o: Options{Way: Timeout}, why: "it fails closed"},
		"failing open, and sooner":      {s: s, o: Options{Way: FailurePolicy}, want: FailurePolicy, after: forecast.Delayed},
		"failing open already, sooner":  {s: open, o: Options{Way: Timeout}, want: Timeout, after: forecast.Delayed},
		"as many conditions as may be":  {s: full, want: FailurePolicy, after: forecast.Delayed},
		"as many, and the user's kinds": {s: full, o: Options{Kinds: map[string][]kind{"opa": kinds[:1]}}, want: Rules, after: forecast.Ready},
		"what runs is not known":        {s: old, o: Options{Way: MatchConditions}, why: "which version runs is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := With(c.s, c.o)
			if c.why != "" {
				if len(p.Cures) > 0 || len(p.Left) == 0 || !strings.Contains(p.Left[0].Reason, c.why) {
					t.Errorf("cures %+v, left %+v", p.Cures, p.Left)
				}
				return
			}
			if len(p.Cures) != 1 {
				t.Fatalf("%d cures; left: %+v", len(p.Cures), p.Left)
			}
			if got := p.Cures[0]; got.Way != c.want || got.After.Outcome != c.after || got.Cures != (c.after == forecast.Ready) {
				t.Errorf("%s leads to %s", got.Way, got.After.Outcome)
			}
			if c.after == forecast.Delayed && p.After.ReadyAfterSeconds.Max >= clocks.Liveness.Seconds() {
				t.Errorf("ready only after %.0f s", p.After.ReadyAfterSeconds.Max)
			}
			holdManifest(t, name, c.s, p.Cures[0])
		})
	}
}

// TestExistingConditionsStay keeps what is there, and takes no name twice.
func TestExistingConditionsStay(t *testing.T) {
	_, after := With(recording(t, frozen), Options{})
	var names []string
	for _, c := range facts.ValidatingWebhooks.Of(after)[0].Webhooks[0].MatchConditions {
		names = append(names, c.Name)
	}
	if names[0] != "not-the-api-server" || names[1] != "not-the-api-server-2" || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("the conditions are %v", names)
	}
}

// TestChangedObject has the patch fail where the object is no longer what the
// simulation saw.
func TestChangedObject(t *testing.T) {
	s := recording(t, frozen)
	c := Of(s).Cures[0]
	for name, f := range map[string]func(*admissionregistrationv1.ValidatingWebhook){
		"another webhook":    func(w *admissionregistrationv1.ValidatingWebhook) { w.Name = "other.example.org" },
		"another condition":  func(w *admissionregistrationv1.ValidatingWebhook) { w.MatchConditions[0].Expression = "false" },
		"no condition":       func(w *admissionregistrationv1.ValidatingWebhook) { w.MatchConditions = nil },
		"nothing, a control": func(*admissionregistrationv1.ValidatingWebhook) {},
	} {
		o, _ := find(change(s, f), key{c.Kind, c.Name})
		_, err := apply(s, o, c.Patch)
		if control := name == "nothing, a control"; (err == nil) != control {
			t.Errorf("%s: %v", name, err)
		}
	}
}
