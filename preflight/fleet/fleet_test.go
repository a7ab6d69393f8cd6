package fleet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
)

func name(n int) Name { return Name{"shop", "europe-west1", fmt.Sprintf("c%03d", n)} }

// bad is a report with one bad policy, the same in every cluster, and a node's trouble.
func bad(severity preflight.Severity) preflight.Report {
	opa := preflight.Subject{Kind: "ValidatingWebhookConfiguration", Name: "opa", Webhook: "validate.opa"}
	return preflight.Report{
		Verdict: preflight.NotReady,
		Checks:  []preflight.CheckStatus{{ID: "GP101", Title: "it crash-loops"}, {ID: "GP113", Title: "it hangs"}, {ID: "GP202", Title: "a node is not ready"}},
		Findings: []preflight.Finding{
			{Check: "GP113", Severity: preflight.Warning, Subject: opa},
			{Check: "GP101", Severity: severity, Subject: opa},
			{Check: "GP202", Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Node", Name: "gke-x"}},
			{Check: "GP111", Severity: preflight.Blocker, Subject: opa, Waived: true},
		},
	}
}

// One bad policy in three hundred clusters is one line, whatever order they come in.
func TestMerge(t *testing.T) {
	var rows []Row
	for i := range 300 {
		rows = append(rows, RowOf(name(i), bad(preflight.Blocker)))
	}
	rows = append(rows, RowOf(name(300), bad(preflight.Info)), Failed(name(301), errors.New("no way\x1b[31m")), Row{Name: name(302), Verdict: preflight.Ready})
	r := Merge(rows, []Gap{{"project b", "denied"}, {"project a", "denied"}, {"project b", "denied"}})
	if r.Verdict != preflight.NotReady || r.Counts[preflight.NotReady] != 301 || r.Counts[preflight.Inconclusive] != 1 || r.Counts[preflight.Ready] != 1 {
		t.Errorf("%s %v", r.Verdict, r.Counts)
	}
	var lines []string
	for _, c := range r.Culprits {
		lines = append(lines, fmt.Sprintf("%d %s %s %s %s", len(c.Clusters), c.Severity, c.Subject, strings.Join(c.Checks, ","), c.Title))
	}
	want := []string{
		"300 blocker ValidatingWebhookConfiguration opa GP101,GP113 it crash-loops",
		"301 warning  GP202 a node is not ready",
		"1 warning ValidatingWebhookConfiguration opa GP113,GP101 it hangs",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if len(r.Gaps) != 2 || r.Gaps[0].Where != "project a" || strings.Contains(r.Clusters[301].Error, "\x1b") {
		t.Errorf("%v, %q", r.Gaps, r.Clusters[301].Error)
	}
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	if diff := cmp.Diff(r, Merge(rows, r.Gaps)); diff != "" {
		t.Error(diff)
	}
}

// What was not looked at is never a pass.
func TestMergeIsInconclusive(t *testing.T) {
	ready := Row{Name: name(0), Verdict: preflight.Ready}
	for what, r := range map[string]Report{
		"a gap":             Merge([]Row{ready}, []Gap{{"project x", "denied"}}),
		"a failed row":      Merge([]Row{ready, Failed(name(1), errors.New("timeout"))}, nil),
		"an unknown word":   Merge([]Row{{Name: name(1), Verdict: "splendid"}}, nil),
		"nothing but a gap": Merge(nil, []Gap{{"project x", "denied"}}),
	} {
		if r.Verdict != preflight.Inconclusive {
			t.Errorf("%s: %s", what, r.Verdict)
		}
	}
	if r := Merge([]Row{ready}, nil); r.Verdict != preflight.Ready {
		t.Error(r.Verdict)
	}
}

// Every cluster is one shard's, and stays so when others come and go.
func TestShards(t *testing.T) {
	counts := map[int]int{}
	for i := range 400 {
		n := name(i)
		var has []int
		for index := range 4 {
			if (Shard{index, 4}).Has(n) {
				has = append(has, index)
			}
		}
		if len(has) != 1 || !(Shard{}).Has(n) {
			t.Fatalf("%s is of shards %v", n, has)
		}
		counts[has[0]]++
	}
	for index := range 4 {
		if counts[index] < 50 {
			t.Errorf("shard %d has %d of 400", index, counts[index])
		}
	}
}

func TestUnfinished(t *testing.T) {
	plans := []Plan{{Shard: Shard{0, 3}, Clusters: []Name{name(0), name(1)}, Gaps: []Gap{{"zone x", "silent"}}}, {Shard: Shard{2, 3}}}
	want := []Gap{{"zone x", "silent"}, {name(1).String(), "shard 0/3 did not get to it"}, {"shard 1/3", "it has not begun"}}
	if diff := cmp.Diff(want, Unfinished(plans, []Row{{Name: name(0)}})); diff != "" {
		t.Error(diff)
	}
	if gaps := Unfinished([]Plan{{Clusters: []Name{name(0)}}}, []Row{{Name: name(0)}}); gaps != nil {
		t.Error(gaps)
	}
	if rows := Planned([]Plan{{Clusters: []Name{name(0)}}}, []Row{{Name: name(0)}, {Name: name(1)}}); len(rows) != 1 || rows[0].Name != name(0) {
		t.Errorf("a row that no plan has: %v", rows)
	}
}

func TestParseList(t *testing.T) {
	got, err := ParseList("clusters.txt", []byte("# ours\n\nshop/europe-west1/prod\r\n  shop/europe-west1-b/test  \n"))
	if err != nil || !slices.Equal(got, []Name{{"shop", "europe-west1", "prod"}, {"shop", "europe-west1-b", "test"}}) {
		t.Errorf("%v, %v", got, err)
	}
	for list, want := range map[string]string{
		"a/b/c\na/b":               `clusters.txt:2: "a/b" is no cluster: a line is PROJECT/LOCATION/CLUSTER`,
		"a/b/c d":                  "clusters.txt:1:",
		"a//c":                     "clusters.txt:1:",
		"a/b/c\n\na/b/c":           "clusters.txt:3: a/b/c is in line 1 already",
		"# nothing\n":              "clusters.txt: there is no cluster in it",
		strings.Repeat("x", 1<<17): "clusters.txt: ",
	} {
		if _, err := ParseList("clusters.txt", []byte(list)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", list, err, want)
		}
	}
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte("a/b/c\n# d\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := ParseList("f", b)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%v, %v", all, err)
		}
	})
}
