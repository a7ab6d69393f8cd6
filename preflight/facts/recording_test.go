package facts

import (
	"archive/zip"
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func sample() *Snapshot {
	return New(Meta{Tool: "v1", CollectedAt: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), Target: "1.36.3"},
		Present(ServerVersion, Version{GitVersion: "v1.35.4"}),
		Present(Namespaces, []Namespace{{Name: "kube-system", Labels: map[string]string{"b": "2", "a": "1"}}}),
		Absent(Nodes, Forbidden, "cannot list nodes"))
}

func zipped(t *testing.T, s *Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteZip(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRecordingRoundTrip(t *testing.T) {
	first := zipped(t, sample())
	s, err := LoadZip(first)
	if err != nil {
		t.Fatal(err)
	}
	if second := zipped(t, s); !bytes.Equal(first, second) {
		t.Error("a recording that is read and written again differs")
	}
	if v := ServerVersion.Of(s); v.GitVersion != "v1.35.4" {
		t.Errorf("server version is %q", v.GitVersion)
	}
	if a, absent := s.Absence(Nodes); !absent || a != (Absence{Forbidden, "cannot list nodes"}) {
		t.Errorf("nodes: %v, %v", a, absent)
	}
	if a, absent := s.Absence(Services); !absent || a.Reason != NotCollected {
		t.Errorf("a fact nobody recorded: %v, %v", a, absent)
	}
}

// TestEarlierVersion: what the first version did not look for is absent for that, where
// the recording does not say otherwise; nothing else may be.
func TestEarlierVersion(t *testing.T) {
	s, err := Load(fstest.MapFS{"meta.json": {Data: []byte(`{"schema": "` + Schema + `"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	for want, fs := range map[Reason][]Fact{EarlierVersion: {GKESettings, Conversions, OutboundAttempts}, NotCollected: {Services, ValidatingWebhooks}} {
		for _, f := range fs {
			if a, absent := s.Absence(f); !absent || a.Reason != want {
				t.Errorf("%s: %v, %v", f.ID(), a, absent)
			}
		}
	}
	if again, err := LoadZip(zipped(t, s)); err != nil {
		t.Error(err)
	} else if a, _ := again.Absence(GKESettings); a.Reason != EarlierVersion {
		t.Errorf("recorded again: %v", a)
	}
	if err := loadFiles("meta.yaml", "schema: "+Schema, "services.absent", "{reason: earlier-version}")(); err == nil {
		t.Error("services that were taken away by hand are taken for a recording of an earlier version")
	}
}

// TestHollow: where each cluster has some, an answer of nothing is none, live and
// recorded; where there may be nothing, it is one.
func TestHollow(t *testing.T) {
	nothing := []Observation{Present(ClusterRoles, nil), Present(Services, []Service{}), Present(ServerVersion, Version{}), Present(Nodes, nil)}
	recorded, err := LoadZip(zipped(t, New(Meta{}, nothing...)))
	if err != nil {
		t.Fatal(err)
	}
	for how, s := range map[string]*Snapshot{"live": Observed(Meta{}, nothing...), "recorded": recorded} {
		for _, f := range []Fact{ClusterRoles, Services, ServerVersion} {
			if a, absent := s.Absence(f); !absent || a.Reason != Failed {
				t.Errorf("%s, %s: %v, %v", how, f.ID(), a, absent)
			}
		}
		if _, absent := s.Absence(Nodes); absent {
			t.Errorf("%s: a cluster may have no nodes", how)
		}
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	good := zipped(t, sample())
	for name, c := range map[string]struct {
		load func() error
		want string
	}{
		"cut short":                 {func() error { _, err := LoadZip(good[:len(good)/2]); return err }, "cut short"},
		"no zip":                    {func() error { _, err := LoadZip([]byte("apiVersion: v1")); return err }, "not a recording"},
		"newer":                     {loadFiles("meta.yaml", "schema: gke-preflight/snapshot/v9\nnews: true"), "gke-preflight/snapshot/v9"},
		"no meta":                   {loadFiles("nodes.yaml", "[]"), "no meta.json"},
		"typo":                      {loadFiles("meta.yaml", "schema: "+Schema, "nodes.yaml", "[{nmae: n1}]"), `nodes.yaml: error unmarshaling JSON: while decoding JSON: json: unknown field "nmae"`},
		"no reason":                 {loadFiles("meta.yaml", "schema: "+Schema, "nodes.absent", "{}"), `nodes.absent: "" is no reason`},
		"another reason":            {loadFiles("meta.yaml", "schema: "+Schema, "nodes.absent", "{reason: later}"), `nodes.absent: "later" is no reason`},
		"webhooks left out by hand": {loadFiles("meta.yaml", "schema: "+Schema, "validating-webhooks.absent", "{reason: left-out}"), "validating-webhooks.absent: nothing leaves validating-webhooks out"},
		"answers left out by hand":  {loadFiles("meta.yaml", "schema: "+Schema, "attempts.absent", "{reason: left-out, detail: --probe=false}"), "nothing leaves attempts out"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.load()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}

func loadFiles(pairs ...string) func() error {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return func() error { _, err := Load(fsys); return err }
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	s := sample()
	c := s.With(Absent(Namespaces, Timeout, ""), Present(Nodes, []Node{}))
	if _, ok := Namespaces.Get(s); !ok {
		t.Error("the original lost a fact")
	}
	if _, ok := Namespaces.Get(c); ok {
		t.Error("the copy still has the fact that was made absent")
	}
	if a, absent := c.Absence(Nodes); absent {
		t.Errorf("nodes are absent from the copy: %v", a)
	}
}

func TestDerivationIsComputedOncePerSnapshot(t *testing.T) {
	calls := 0
	d := &Derivation[int]{Compute: func(*Snapshot) int { calls++; return calls }}
	s := sample()
	if first, again := d.Of(s), d.Of(s); first != 1 || again != 1 || d.Of(s.With()) != 2 {
		t.Errorf("computed %d times for two snapshots", calls)
	}
}

// What is derived from namespaces alone stays as it was until they are others, or are
// judged for another target or time.
func TestDerivationIsSharedWhereItsFactsStay(t *testing.T) {
	calls := 0
	d := &Derivation[int]{Compute: func(*Snapshot) int { calls++; return calls }, From: func() []Fact { return []Fact{Namespaces} }}
	s := sample()
	d.Of(s)
	for _, same := range []*Snapshot{s.With(), s.With(Absent(Nodes, Forbidden, "")), s.With(Present(Nodes, []Node{})).With()} {
		if d.Of(same) != 1 {
			t.Error("computed anew for other nodes")
		}
	}
	others := []*Snapshot{s.With(Present(Namespaces, []Namespace{{Name: "new"}})), s.With(Absent(Namespaces, Forbidden, "")), s.WithMeta(Meta{Target: "1.99"})}
	for n, other := range others {
		if got := d.Of(other); got != n+2 {
			t.Errorf("%d: not computed anew", n)
		}
	}
}

// TestAllIsComplete finds the facts that were declared and forgotten in All:
// they would never be recorded.
func TestAllIsComplete(t *testing.T) {
	listed := map[string]bool{}
	for _, f := range All() {
		if listed[f.ID()] {
			t.Errorf("%s is listed twice", f.ID())
		}
		listed[f.ID()] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				if v := s.(*ast.ValueSpec); len(v.Names) == 1 && v.Names[0].IsExported() {
					declared++
				}
			}
		}
	}
	if declared != len(listed) {
		t.Errorf("%d facts are declared, All lists %d", declared, len(listed))
	}
}

func FuzzLoadZip(f *testing.F) {
	var b bytes.Buffer
	if err := sample().WriteZip(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := LoadZip(b)
		if err == nil {
			zipped(t, s)
		}
	})
}

// Of a file that is in an archive twice nobody knows which is right.
func TestTwiceInTheArchive(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for range 2 {
		if err := sample().Files(func(name string, content []byte) error {
			f, err := w.Create(name)
			if err == nil {
				_, err = f.Write(content)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadZip(b.Bytes()); err == nil || !strings.Contains(err.Error(), "meta.json is in it twice") {
		t.Errorf("it is read: %v", err)
	}
}

// An answer that nobody knows would count as no trouble, so that a recording with one is
// not read, whoever wrote it, and in which form.
func TestUnknownAnswer(t *testing.T) {
	for _, answer := range []string{"banana", "timeout", ""} {
		for _, file := range []string{"attempts.json", "attempts.yaml", "outbound-attempts.json"} {
			_, err := Load(fstest.MapFS{
				"meta.json": {Data: []byte(`{"schema": "` + Schema + `"}`)},
				file:        {Data: []byte(`[{"write": "a", "vantage": "server-dry-run", "answer": "allowed", "ms": 1}, {"write": "CREATE x", "vantage": "server-dry-run", "answer": "` + answer + `", "ms": 1}]`)},
			})
			if err == nil {
				t.Errorf("%s: %q is read", file, answer)
				continue
			}
			for _, want := range []string{file, "entry 2", "CREATE x", `"` + answer + `"`, "hung-before-tls", "could-not-ask"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %q is not in %v", file, want, err)
				}
			}
		}
	}
}
