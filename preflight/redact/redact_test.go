package redact_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/redact"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// TestSameVerdict: whoever sends a recording made anonymous must be answered about the
// same case, and give no name away.
func TestSameVerdict(t *testing.T) {
	for _, pattern := range []string{"../../testdata/recorded/*.zip", "../../testdata/recorded/cases/*.zip", "../../testdata/recorded/others/*.zip"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				s, err := facts.LoadZip(b)
				if err != nil {
					t.Fatal(err)
				}
				redacted, err := redact.Snapshot(s)
				if err != nil {
					t.Fatal(err)
				}
				same(t, s, redacted)
				keepsSecret(t, s, redacted)
			})
		}
	}
}

func same(t *testing.T, s, redacted *facts.Snapshot) {
	t.Helper()
	before, after := forecast.Of(s).ControlPlane, forecast.Of(redacted).ControlPlane
	if before.Outcome != after.Outcome || len(before.Hooks) != len(after.Hooks) {
		t.Errorf("the forecast is %s, and was %s", after.Outcome, before.Outcome)
	}
	findings := func(s *facts.Snapshot) (all []string) {
		r := preflight.NewReport(s, preflight.Run(s, checks.All()), forecast.Of(s))
		for _, f := range r.Findings {
			all = append(all, f.Check+" "+string(r.Verdict))
		}
		slices.Sort(all)
		return all
	}
	if a, b := findings(s), findings(redacted); !slices.Equal(a, b) {
		t.Errorf("found are\n%v, and were\n%v", b, a)
	}
	ins, others := rehearsal.StandIns(s), rehearsal.StandIns(redacted)
	if len(ins) != len(others) {
		t.Fatalf("%d stand-ins, and there were %d", len(others), len(ins))
	}
	for n, in := range ins {
		const write = "UPDATE clusterroles.rbac.authorization.k8s.io system:node"
		if !slices.Equal(in.Endpoints, others[n].Endpoints) && in.Endpoints != nil && !strings.ContainsAny(in.Endpoints[0], "abcdefghijklmnopqrstuvwxyz") {
			t.Errorf("endpoints are %v, and were %v", others[n].Endpoints, in.Endpoints)
		}
		for m, e := range in.Endpoints {
			if a, b := in.To(write, e), others[n].To(write, others[n].Endpoints[m]); a.Answer != b.Answer || (a.Assumed == "") != (b.Assumed == "") {
				t.Errorf("a stand-in answers %+v, and before %+v", b, a)
			}
		}
	}
}

// keepsSecret requires that the names of some objects stand nowhere any more.
func keepsSecret(t *testing.T, s, redacted *facts.Snapshot) {
	t.Helper()
	var secret []string
	secret = append(secret, s.Meta.Cluster.Project)
	webhooks, _ := facts.ValidatingWebhooks.Get(s)
	for _, c := range webhooks {
		secret = append(secret, c.Name)
	}
	nodes, _ := facts.Nodes.Get(s)
	for _, n := range nodes {
		secret = append(secret, n.Name)
	}
	err := redacted.Files(func(name string, content []byte) error {
		for _, word := range secret {
			if len(word) > 6 && bytes.Contains(content, []byte(word)) {
				t.Errorf("%s still holds %q", name, word)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestForRehearsals: names that stand in what a rehearsal reads alone are names, too.
func TestForRehearsals(t *testing.T) {
	const text = "owned by the payments squad of Initech"
	s := facts.New(facts.Meta{Tool: "test"},
		facts.Present(facts.SystemConfigMaps, []facts.ConfigMap{{Name: "extension-apiserver-authentication", Data: map[string]string{"client-ca-file": "PEM"},
			Labels: map[string]string{"initech.example/squad": "payments"}, Annotations: map[string]string{"initech.example/note": text, "kubernetes.io/a": "b"}}}),
		facts.Present(facts.Namespaces, []facts.Namespace{{Name: "kube-system", Labels: map[string]string{}, Annotations: map[string]string{"initech.example/note": text, "initech.example/tier": "payments"}}}),
		facts.Present(facts.Attempts, []facts.Attempt{{Type: "Mutating", Config: "w", Webhook: "w", Write: "w", Answer: facts.Allowed, Patched: true,
			Patch: `[{"op":"add","path":"/metadata/labels/initech.example~1squad","value":"payments"},{"op":"add","path":"/metadata/annotations","value":{"initech.example/note":"` + text + `","x":1}},{"op":"test","path":"/metadata/name","value":"a"}]`}}),
		facts.Present(facts.IdentityLeases, []facts.IdentityLease{{Name: "apiserver-a", Holder: "apiserver-a_1", Seconds: 3600}}),
		facts.Present(facts.CustomResources, []facts.CustomResource{{Name: "widgets.example.org", Kind: "Widget", Served: []string{"v1"}, Storage: "v1", Established: true}}),
	)
	redacted, err := redact.Snapshot(s)
	if err != nil {
		t.Fatal(err)
	}
	err = redacted.Files(func(name string, content []byte) error {
		for _, secret := range []string{"initech", "payments", "squad", "Initech"} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s still holds %q: %s", name, secret, content)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m, n := facts.SystemConfigMaps.Of(redacted)[0], facts.Namespaces.Of(redacted)[0]
	if m.Data["client-ca-file"] != "PEM" || len(m.Labels) != 1 || m.Annotations["kubernetes.io/a"] != "b" || len(n.Annotations) != 2 {
		t.Errorf("%+v, %+v", m, n)
	}
	a := facts.Attempts.Of(redacted)[0]
	for key, value := range m.Labels { // the same name everywhere
		if !strings.Contains(a.Patch, "/metadata/labels/"+strings.ReplaceAll(key, "/", "~1")) || !strings.Contains(a.Patch, value) || !a.Patched {
			t.Errorf("%s=%s became %s in the patch", key, value, a.Patch)
		}
	}
	if d := facts.CustomResources.Of(redacted)[0]; d.Name != "widgets.example.org" || d.Kind != "Widget" {
		t.Errorf("an API that is named in rules, too, became %+v", d)
	}
}

// TestNumbers: a label may say 31 or 2026-11-30T12, and times, ports and sizes of which
// these are a part are none of its names.
func TestNumbers(t *testing.T) {
	created := time.Date(2026, 11, 30, 12, 31, 10, 0, time.UTC)
	s := facts.New(facts.Meta{Tool: "test"},
		facts.Present(facts.Namespaces, []facts.Namespace{{Name: "initech", Labels: map[string]string{"shard": "31", "built": "2026-11-30T12", "cost": "100", "project": "123456789012"}}, {Name: "kube-system"}}),
		facts.Present(facts.IngressClasses, []facts.IngressClass{}),
		facts.Present(facts.BackendPods, []facts.Pod{{Namespace: "initech", Name: "billing-0", Created: created, Containers: []facts.Container{{Name: "api", Limits: map[string]string{"cpu": "100"}}}}}))
	redacted, err := redact.Snapshot(s)
	if err != nil {
		t.Fatal(err)
	}
	p := facts.BackendPods.Of(redacted)[0]
	if !p.Created.Equal(created) || p.Containers[0].Limits["cpu"] != "100" || p.Name == "billing-0" {
		t.Errorf("%+v", p)
	}
	if l := facts.Namespaces.Of(redacted)[0].Labels; l["shard"] != "31" || l["project"] == "123456789012" || l["built"] == "2026-11-30T12" {
		t.Errorf("%v", l)
	}
	if c := facts.IngressClasses.Of(redacted); c == nil || len(c) > 0 {
		t.Errorf("none became %+v", c)
	}
}
