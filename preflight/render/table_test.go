package render

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs, -update writes it (-want +got):\n%s", path, d)
	}
}

func table(t *testing.T, r preflight.Report, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Table(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name   string
		report preflight.Report
		o      Options
	}{
		{"incident", incident(), Options{}},
		{"incident-ascii", incident(), Options{ASCII: true}},
		{"incident-colour", incident(), Options{Colour: true}},
		{"incident-quiet", incident(), Options{Quiet: true}},
		{"incident-wide", incident(), Options{Wide: true, Width: 140}},
		{"all-clear", base(), Options{ShowPassed: true}},
		{"inconclusive", inconclusive(), Options{}},
		{"delayed", delayed(), Options{}},
		{"long-names", longNames(), Options{}},
		{"many-nodes", manyNodes(), Options{}},
		{"refused", refused(), Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			golden(t, c.name+".txt", []byte(table(t, c.report, c.o)))
		})
	}
}

func TestTableKeepsItsWidth(t *testing.T) {
	for _, width := range []int{40, 60, 80, 100, 200} {
		for name, r := range map[string]preflight.Report{"incident": incident(), "delayed": delayed(), "inconclusive": inconclusive(), "long": longNames(), "many": manyNodes(), "refused": refused()} {
			for _, o := range []Options{{Width: width}, {Width: width, ASCII: true, Wide: true}} {
				for line := range strings.Lines(table(t, r, o)) {
					line = strings.TrimSuffix(line, "\n")
					if mayBeWide(line) {
						continue
					}
					if w := columnsOf(line); w > width {
						t.Errorf("%s at %d columns has a line of %d: %s", name, width, w, line)
					}
					if strings.TrimRight(line, " ") != line {
						t.Errorf("%s at %d columns has blanks at the end of a line: %q", name, width, line)
					}
				}
			}
		}
	}
}

// mayBeWide reports whether a line is a command to copy or the last line of all,
// which are not broken.
func mayBeWide(line string) bool {
	return strings.HasPrefix(line, strings.Repeat(" ", 8)) || strings.Contains(line, " undecided") && strings.HasSuffix(line, ")")
}

func TestTableInASCII(t *testing.T) {
	for _, r := range []preflight.Report{incident(), delayed(), longNames()} {
		got := table(t, r, Options{ASCII: true, Wide: true})
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }); i >= 0 {
			t.Errorf("not ASCII: %q", got[i:min(len(got), i+20)])
		}
	}
}

func TestColourChangesNoWord(t *testing.T) {
	plain, coloured := table(t, incident(), Options{}), table(t, incident(), Options{Colour: true})
	for _, code := range ansi {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if d := cmp.Diff(plain, coloured); d != "" {
		t.Errorf("(-plain +coloured):\n%s", d)
	}
}

func TestTableCountsWhatItFolds(t *testing.T) {
	got := strings.Join(strings.Fields(table(t, manyNodes(), Options{})), " ")
	for _, want := range []string{"(300)", "and 297 more, see -o wide", "300 warnings"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if n := strings.Count(table(t, manyNodes(), Options{Wide: true}), "kubectl describe node"); n != 300 {
		t.Errorf("wide shows %d of 300 remedies", n)
	}
}

func TestTableFoldsCulprits(t *testing.T) {
	r := base()
	h := &r.Forecast.ControlPlane.Hooks[0]
	r.Forecast.ControlPlane.Outcome, h.Outcome = forecast.CrashLoop, forecast.CrashLoop
	for n := range 50 {
		i := opaHung(forecast.Rejects, "Fail")
		i.Name = fmt.Sprintf("config-%d", n)
		h.Writes = by(h.Writes, i)
	}
	got := table(t, r, Options{Width: 120})
	for _, want := range []string{"And 47 more such.", "(and 30 more rows, see -o wide)", "config-19"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if strings.Contains(got, "config-20 ") {
		t.Error("shows a row beyond the twentieth")
	}
	if wide := table(t, r, Options{Width: 120, Wide: true}); !strings.Contains(wide, "config-49 ") {
		t.Error("wide hides a row")
	}
}

// TestTableNamesWhoLeavesALineOpen: what is perhaps lost, and is none of what is told first,
// has its culprit named all the same.
func TestTableNamesWhoLeavesALineOpen(t *testing.T) {
	r := base()
	r.Forecast.Lifelines = []forecast.Lifeline{{Name: "node leases", Outcome: forecast.Kept},
		{Group: string(lifeline.Addons), Name: lifeline.Definitions, Outcome: forecast.Open, AtWorst: forecast.Lost, Writes: []forecast.LifelineWrite{{Write: forecast.Write{
			Effect: forecast.Undecided, InterceptedBy: []forecast.Interception{{Culprit: admission.Culprit{Kind: admission.ValidatingPolicy, Name: "safe-upgrades"}, FailurePolicy: "Fail", Effect: forecast.Undecided}},
		}}}}}
	if out := table(t, r, Options{}); !strings.Contains(out, "safe-upgrades") {
		t.Errorf("the policy is not named:\n%s", out)
	}
}

// TestCulpritByItsHarm: of a webhook that hangs on one line, and of which another does not
// tell whether it is sent that, the first is said.
func TestCulpritByItsHarm(t *testing.T) {
	line := func(name string, outcome forecast.Fate, e forecast.Effect, answer string) forecast.Lifeline {
		return forecast.Lifeline{Name: name, Outcome: outcome, Writes: []forecast.LifelineWrite{{Write: forecast.Write{Effect: e, InterceptedBy: []forecast.Interception{
			{Culprit: admission.Culprit{Kind: admission.MutatingWebhook, Name: "inject"}, FailurePolicy: "Fail", Answer: answer, Effect: e},
		}}}}}
	}
	f := forecast.Forecast{Lifelines: []forecast.Lifeline{line("pods of kube-system", forecast.Open, forecast.Undecided, "undecided"), line("pods of applications", forecast.Lost, forecast.Rejects, "hung")}}
	who := preflight.SubjectOf(admission.Culprit{Kind: admission.MutatingWebhook, Name: "inject"})
	if i, ok := blamed(f, who); !ok || i.Answer != "hung" {
		t.Errorf("it is said to be %q", i.Answer)
	}
}

func TestCauseAndSymptomAreOneStory(t *testing.T) {
	chain := []preflight.Finding{
		{Check: "GP1", Severity: preflight.Warning, Subject: opa, CausedBy: "GP2"},
		{Check: "GP2", Severity: preflight.Blocker, Subject: opa, CausedBy: "GP3"},
		{Check: "GP3", Severity: preflight.Warning, Subject: opa},
		{Check: "GP3", Severity: preflight.Info, Subject: preflight.Subject{Kind: "Node", Name: "a"}},
		{Check: "GP4", Severity: preflight.Info, Subject: preflight.Subject{Kind: "Node", Name: "b"}, CausedBy: "GP3"},
	}
	var got []string
	for _, s := range preflight.Causes(chain) {
		ids := s.Lead.Check
		for _, f := range s.Rest {
			ids += " " + f.Check
		}
		got = append(got, ids)
	}
	if d := cmp.Diff([]string{"GP2 GP3 GP1", "GP3", "GP4"}, got); d != "" {
		t.Error(d)
	}
	loop := []preflight.Finding{{Check: "GP1", Subject: opa, CausedBy: "GP2"}, {Check: "GP2", Subject: opa, CausedBy: "GP1"}}
	n := 0
	for _, s := range preflight.Causes(loop) {
		n += 1 + len(s.Rest)
	}
	if n != 2 {
		t.Errorf("a loop of causes leaves %d of 2 findings", n)
	}
}

type diskFull struct{}

func (diskFull) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestTableReturnsTheWritersError(t *testing.T) {
	if err := Table(diskFull{}, incident(), Options{}); err == nil || err.Error() != "disk full" {
		t.Errorf("got %v", err)
	}
}

func TestForecastInWords(t *testing.T) {
	hook := func(name string, o forecast.Outcome, i forecast.Interception) forecast.Hook {
		return forecast.Hook{Name: name, Outcome: o, Reason: "its writes together take longer than its deadline of 30s", Writes: by([]forecast.Write{{Verb: "CREATE", Resource: "priorityclasses.scheduling.k8s.io", Name: "system-node-critical"}}, i)}
	}
	nobody := forecast.Interception{Effect: forecast.Passes}
	webhook := func(e forecast.Effect, answer, policy, detail string) forecast.Interception {
		return forecast.Interception{Culprit: admission.Culprit{Kind: "MutatingWebhookConfiguration", Name: "m", Webhook: "m"}, FailurePolicy: policy, Answer: answer, Milliseconds: 4000, Effect: e, Detail: detail}
	}
	for _, c := range []struct {
		name string
		cp   forecast.ControlPlane
		want []string
	}{
		{"two hooks exit", forecast.ControlPlane{Outcome: forecast.CrashLoop, ExitsAfterSeconds: &forecast.Seconds{Min: 32, Max: 32}, Hooks: []forecast.Hook{hook("a", forecast.CrashLoop, nobody), hook("b", forecast.CrashLoop, nobody)}},
			[]string{"exits 32 s after each start, because PostStartHooks a and b fail.", "a: its writes together take longer than its deadline of 30s."}},
		{"never ready", forecast.ControlPlane{Outcome: forecast.NeverReady, Hooks: []forecast.Hook{hook("autoregister-completion", forecast.NeverReady, webhook(forecast.Rejects, "refused", "Fail", "dial tcp 10.0.0.1:443: connection refused"))}},
			[]string{"would run on and never get ready: autoregister-completion can't do its work", "MutatingWebhookConfiguration m refuses the connection. It fails closed and so rejects the only write of autoregister-completion: CREATE priorityclasses.scheduling.k8s.io system-node-critical. Seen: dial tcp 10.0.0.1:443: connection refused."}},
		{"degraded", forecast.ControlPlane{Outcome: forecast.Degraded, ReadyAfterSeconds: &forecast.Seconds{Min: 2.5, Max: 6}, Hooks: []forecast.Hook{hook("b", forecast.Degraded, webhook(forecast.Rejects, "hung", "Ignore", ""))}},
			[]string{"would get ready as usual, 2.5–6 s after its start, but writes of b would keep failing in the background.", "hangs: no answer within 4 s. It rejects the only write of b"}},
		{"waits add up", forecast.ControlPlane{Outcome: forecast.CrashLoop, Hooks: []forecast.Hook{{Name: "a", Outcome: forecast.CrashLoop, Reason: "1 write rejected", Writes: []forecast.Write{{Verb: "CREATE", Resource: "r", Name: "n", Effect: forecast.Rejects, InterceptedBy: []forecast.Interception{webhook(forecast.Slows, "hung", "Ignore", "")}}}}}},
			[]string{"It fails open, but the only write of a would take longer than the 34 s that a request may: CREATE r n.", "a: 1 write rejected."}},
		{"slow", forecast.ControlPlane{Outcome: forecast.Delayed, Hooks: []forecast.Hook{hook("a", forecast.Delayed, webhook(forecast.Slows, "allowed", "Fail", ""))}},
			[]string{"would get ready late, after its start, held up by a.", "answers, after 4 s. It holds up the only write of a"}},
		{"as usual or late", forecast.ControlPlane{Outcome: forecast.Delayed, AtBest: forecast.Ready, ReadyAfterSeconds: &forecast.Seconds{Min: 1.5, Max: 16}, Hooks: []forecast.Hook{{Name: "a", Outcome: forecast.Delayed, AtBest: forecast.Ready, Writes: []forecast.Write{{Condition: "if it has the old host name", Effect: forecast.Slows}}}}},
			[]string{"would get ready as usual or late, 1.5–16 s after its start: late if it has the old host name, held up by a."}},
		{"degraded, and perhaps late", forecast.ControlPlane{Outcome: forecast.Degraded, ReadyAfterSeconds: &forecast.Seconds{Min: 1.5, Max: 16}, Hooks: []forecast.Hook{hook("b", forecast.Degraded, webhook(forecast.Rejects, "hung", "Fail", ""))}},
			[]string{"would get ready, 1.5–16 s after its start, but writes of b would keep failing in the background."}},
		{"no catalogue", forecast.ControlPlane{Outcome: forecast.Unknown, Problem: "the catalogue does not hold 1.41", Hooks: []forecast.Hook{}},
			[]string{"What a new control-plane replica of 1.36.3-gke.100 would do can't be foretold: the catalogue does not hold 1.41."}},
		{"dry-run alone", forecast.ControlPlane{Outcome: forecast.CrashLoop, Hooks: []forecast.Hook{hook("a", forecast.CrashLoop, forecast.Interception{Culprit: admission.Culprit{Kind: "server-side dry-run"}, FailurePolicy: "Fail", Answer: "denied", Effect: forecast.Rejects, Detail: "quota"})}},
			[]string{"exits after each start", "server-side dry-run denies the only write of a", "It said: quota."}},
		{"one culprit, three hooks", forecast.ControlPlane{Outcome: forecast.CrashLoop, Hooks: []forecast.Hook{hook("a", forecast.CrashLoop, webhook(forecast.Rejects, "hung", "Fail", "")), hook("b", forecast.Degraded, webhook(forecast.Rejects, "hung", "Fail", "")), {Name: "c", Outcome: forecast.Degraded, Writes: by(rbacWrites(), webhook(forecast.Rejects, "hung", "Fail", ""))}}},
			[]string{"rejects the only write of a: CREATE priorityclasses.scheduling.k8s.io system-node-critical. It does the same to 7 writes of 2 other hooks."}},
		{"nothing is readable", forecast.ControlPlane{Outcome: forecast.Unknown, Hooks: []forecast.Hook{{Name: "a", Outcome: forecast.Unknown, AtWorst: forecast.Degraded}, {Name: "b", Outcome: forecast.Unknown, AtWorst: forecast.NeverReady}, {Name: "c", Outcome: forecast.Ready}}},
			[]string{"that depends on b (at worst never-ready).", "2 hooks can't be judged for what could not be read."}},
		{"nothing sees it", forecast.ControlPlane{Outcome: forecast.Ready, ReadyAfterSeconds: &forecast.Seconds{Min: 2.5, Max: 6}, Hooks: []forecast.Hook{{Name: "a", Outcome: forecast.Ready, Writes: []forecast.Write{{}}}}},
			[]string{"No webhook or policy sees any of the 1 write of its start."}},
	} {
		r := base()
		r.Forecast.ControlPlane = c.cp
		got := strings.Join(strings.Fields(table(t, r, Options{Wide: true})), " ")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: lacks %q:\n%s", c.name, want, got)
			}
		}
	}
}

func TestContinued(t *testing.T) {
	for _, c := range []struct {
		command string
		width   int
		want    []string
	}{
		{"kubectl get nodes", 80, []string{"kubectl get nodes"}},
		{"gcloud container node-pools update gpu --cluster prod --location europe-west1", 50, []string{`gcloud container node-pools update gpu \`, `  --cluster prod --location europe-west1`}},
		{`kubectl patch x --type=json -p '[{"op": "remove"}]' -o yaml`, 30, []string{`kubectl patch x --type=json \`, `  -p '[{"op": "remove"}]' \`, `  -o yaml`}},
		{"", 40, []string{""}},
	} {
		if d := cmp.Diff(c.want, continued(c.command, c.width)); d != "" {
			t.Errorf("%s:\n%s", c.command, d)
		}
	}
}
