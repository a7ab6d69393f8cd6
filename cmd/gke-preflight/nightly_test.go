package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/change"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/target"
)

// A nightRun is what came of one night.
type nightRun struct {
	code        int
	out, err    string
	told, files []string
}

// nights runs nightly on recordings, night after night, into one place, with a chat
// that answers as it is told.
type nights struct {
	*testing.T
	dir, reports string
	status       int
	told         []string
	chat         *httptest.Server
	day          int
}

func newNights(t *testing.T) *nights {
	n := &nights{T: t, dir: t.TempDir(), status: 200}
	n.reports = filepath.Join(n.dir, "reports")
	n.chat = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.status == 200 {
			b, _ := io.ReadAll(r.Body)
			n.told = append(n.told, string(b))
		}
		w.WriteHeader(n.status)
	}))
	t.Cleanup(n.chat.Close)
	write(t, filepath.Join(n.dir, "url"), n.chat.URL+"/services/s3cr3ts3cr3t\n")
	return n
}

// run is the next night, on a recording of the top's testdata/recorded.
func (n *nights) run(recording string, args ...string) nightRun {
	n.Helper()
	n.day++
	b, err := os.ReadFile(root + "testdata/recorded/" + recording + ".zip")
	if err != nil {
		n.Fatal(err)
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		n.Fatal(err)
	}
	m := s.Meta
	m.CollectedAt = time.Date(2026, 11, n.day, 2, 0, 0, 0, time.UTC)
	file := filepath.Join(n.dir, "tonight.zip")
	if err := keep(file, s.WithMeta(m)); err != nil {
		n.Fatal(err)
	}
	var out, errs bytes.Buffer
	n.told = nil
	code := run(append([]string{"nightly", "--snapshot", file, "--as-of", m.CollectedAt.Format(time.RFC3339), "--reports", n.reports, "--notify", "slack", "--notify-url-file", filepath.Join(n.dir, "url")}, args...), stdio{nil, &out, &errs})
	for _, text := range []string{out.String(), errs.String()} {
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, n.chat.URL) {
			n.Errorf("the URL is told: %s", text)
		}
	}
	r := nightRun{code: code, out: out.String(), err: errs.String(), told: n.told}
	found, err := filepath.Glob(filepath.Join(n.reports, "acme-prod", "europe-west1", "prod", "*"))
	if err != nil {
		n.Fatal(err)
	}
	for _, f := range found {
		r.files = append(r.files, filepath.Base(f))
	}
	return r
}

func (n *nights) want(r nightRun, code int, says string, told int) {
	n.Helper()
	if r.code != code || !strings.Contains(r.out, says) || len(r.told) != told {
		n.Errorf("night %d: exit code %d, told %d times, want %d and %d, and %q in:\n%s%s", n.day, r.code, len(r.told), code, told, says, r.out, r.err)
	}
}

func TestNightly(t *testing.T) {
	n := newNights(t)
	n.want(n.run("all-clear"), 0, "first report", 0)
	n.want(n.run("all-clear"), 0, "Nothing has changed since 2026-11-01 02:00 UTC", 0)
	r := n.run("incident")
	n.want(r, 3, "It was READY on 2026-11-02 02:00 UTC.", 1)
	told := r.told[0]
	for _, says := range []string{"NOT READY: prod (acme-prod, europe-west1)", "new blocker GP101", n.reports + "/acme-prod/europe-west1/prod/2026-11-03T02-00-00Z.json"} {
		if !strings.Contains(told, says) {
			t.Errorf("the chat is not told %s", says)
		}
	}
	if strings.Contains(told, "10008 ms") || strings.Count(told, "new blocker") != 1 || !regexp.MustCompile(`\\nCulprit: .*\\ngke-preflight fix --out cures --snapshot [^ ]+ --as-of 2026-11-03T02:00:00Z\\nkubectl .*\\nReport: `).MatchString(told) {
		t.Errorf("the chat got %s", r.told[0])
	}
	n.want(n.run("incident"), 3, "Nothing has changed since 2026-11-03", 0)
	n.want(n.run("incident", "--exit-zero"), 0, "Nothing has changed", 0)
	n.want(n.run("all-clear"), 0, "gone, blocker GP101", 1)
}

func TestFirstNight(t *testing.T) {
	n := newNights(t)
	n.want(n.run("incident"), 3, "first report", 1)
}

// TestUntold holds that a change which could not be told of is told of later, and
// once.
func TestUntold(t *testing.T) {
	n := newNights(t)
	n.want(n.run("all-clear"), 0, "", 0)
	n.status = 500
	r := n.run("incident", "--exit-zero")
	n.want(r, 1, "It was READY on 2026-11-01", 0)
	if !strings.Contains(r.err, "--notify: the webhook answered 500; the report is kept, and the next run tells of the change, if it is still there") {
		t.Errorf("standard error is %s", r.err)
	}
	if !slices.Contains(r.files, "2026-11-02T02-00-00Z.json") || !slices.Contains(r.files, "2026-11-02T02-00-00Z.untold") {
		t.Errorf("kept are %v", r.files)
	}
	n.want(n.run("incident"), 1, "It was READY on 2026-11-01", 0)
	n.status = 200
	n.want(n.run("incident"), 3, "It was READY on 2026-11-01", 1)
	n.want(n.run("incident"), 3, "Nothing has changed since 2026-11-04", 0)
	n.status = 404
	n.want(n.run("all-clear"), 1, "It was NOT READY on 2026-11-05", 0)
	n.status = 200
	n.day--
	r = n.run("all-clear")
	n.want(r, 0, "It was NOT READY on 2026-11-05", 1)
	if slices.Contains(r.files, "2026-11-06T02-00-00Z.untold") {
		t.Error("a second try at the same report told of it, and its mark is still there")
	}
	n.want(n.run("all-clear"), 0, "Nothing has changed since 2026-11-06", 0)
}

func TestKeepsTheNewest(t *testing.T) {
	n := newNights(t)
	shelf := filepath.Join(n.reports, "acme-prod", "europe-west1", "prod")
	others := []string{filepath.Join(shelf, "notes.txt"), filepath.Join(shelf, "2025-01-01T00-00-00Z.json.bak"), filepath.Join(shelf, "x", "2025-01-01T00-00-00Z.json"), filepath.Join(n.reports, "acme-prod", "europe-west1", "prod-2", "2025-01-01T00-00-00Z.json"), filepath.Join(n.reports, "2025-01-01T00-00-00Z.json")}
	for _, f := range others {
		if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, f, "{}")
	}
	n.status = 500
	for range 4 {
		n.run("incident", "--keep", "2")
	}
	n.status = 200
	r := n.run("incident", "--keep", "2")
	want := []string{"2025-01-01T00-00-00Z.json.bak", "2026-11-04T02-00-00Z.change.json", "2026-11-04T02-00-00Z.json", "2026-11-04T02-00-00Z.untold", "2026-11-05T02-00-00Z.change.json", "2026-11-05T02-00-00Z.json", "notes.txt", "x"}
	if !slices.Equal(r.files, want) {
		t.Errorf("kept are %v", r.files)
	}
	for _, f := range others {
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
	write(t, filepath.Join(shelf, "2026-11-05T02-00-00Z.json"), "{}")
	write(t, filepath.Join(shelf, "2026-11-05T02-00-00Z.untold"), "")
	if err := os.Remove(filepath.Join(shelf, "2026-11-04T02-00-00Z.untold")); err != nil {
		t.Fatal(err)
	}
	n.want(n.run("incident"), 3, "Nothing has changed since 2026-11-04", 0)
	write(t, filepath.Join(shelf, "2026-11-06T02-00-00Z.json"), "{}")
	r = n.run("incident")
	n.want(r, 3, "Nothing has changed since 2026-11-04", 0)
	if !strings.Contains(r.err, "2026-11-06T02-00-00Z.json in "+n.reports+" it is no report") {
		t.Errorf("standard error is %s", r.err)
	}
}

func TestNightlyPushes(t *testing.T) {
	n := newNights(t)
	var paths []string
	var pushed string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		b, _ := io.ReadAll(r.Body)
		pushed = string(b)
		w.WriteHeader(n.status)
	}))
	defer gateway.Close()
	n.want(n.run("incident", "--push-metrics", gateway.URL), 3, "", 1)
	if len(paths) != 1 || !strings.HasPrefix(paths[0], "/metrics/job/gke_preflight/") || !strings.Contains(pushed, `gke_preflight_verdict{verdict="not-ready"} 1`) {
		t.Errorf("pushed to %v: %s", paths, pushed)
	}
	n.status = 503
	r := n.run("all-clear", "--push-metrics", strings.Replace(gateway.URL, "http://", "http://u:s3cr3ts3cr3t@", 1))
	n.want(r, 1, "", 0)
	if !strings.Contains(r.err, "--push-metrics: ") || !strings.Contains(r.err, "--notify: ") {
		t.Errorf("standard error is %s", r.err)
	}
}

// TestTarget holds that a cluster which GKE would upgrade to nothing is looked at all
// the same: a job that fails whenever all is up to date would be switched off.
func TestTarget(t *testing.T) {
	s, err := load(root + "testdata/recorded/all-clear.zip")
	if err != nil {
		t.Fatal(err)
	}
	config, _ := facts.GKEServerConfig.Get(s)
	config.Channels = nil
	s = s.With(facts.Present(facts.GKEUpgradeInfo, facts.UpgradeInfo{}), facts.Present(facts.GKEServerConfig, config))
	if _, err := (&clusterFlags{}).aim(s); !errors.Is(err, target.ErrNoNext) {
		t.Errorf("the error is %v", err)
	}
	aimed, err := (&clusterFlags{orRunning: true}).aim(s)
	if err != nil || aimed.Meta.Target != "1.36.3-gke.1104000" || !strings.HasPrefix(aimed.Meta.TargetOrigin, "the version that runs") {
		t.Fatalf("%+v, %v", aimed, err)
	}
	if r := report(aimed, 0); r.Verdict != preflight.Ready {
		t.Errorf("the verdict is %s: %+v", r.Verdict, r.Open)
	}
	if _, err := (&clusterFlags{orRunning: true, target: "1.99"}).aim(s); err == nil {
		t.Error("a version that there is not was asked for, and that is no error")
	}
}

// TestPublishes holds what a topic gets against what is kept beside the report.
func TestPublishes(t *testing.T) {
	n := newNights(t)
	var got struct {
		Messages []struct {
			Data       []byte            `json:"data"`
			Attributes map[string]string `json:"attributes"`
		} `json:"messages"`
	}
	topic := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	defer topic.Close()
	r := n.run("incident", "--notify", "pubsub", "--notify-url-file", "", "--notify-topic", "projects/acme/topics/upgrades", "--pubsub-endpoint", topic.URL)
	n.want(r, 3, "", 0)
	kept, err := os.ReadFile(filepath.Join(n.reports, "acme-prod/europe-west1/prod/2026-11-01T02-00-00Z.change.json"))
	if err != nil || len(got.Messages) != 1 || !bytes.Equal(kept, got.Messages[0].Data) || got.Messages[0].Attributes["verdict"] != "not-ready" || got.Messages[0].Attributes["cluster"] != "prod" {
		t.Fatalf("published %+v, kept %s, %v", got, kept, err)
	}
	var c change.Change
	if err := json.Unmarshal(kept, &c); err != nil || c.Schema != change.Schema || c.Before != nil || !c.Changed || len(c.New) == 0 || c.New[0].Title == "" {
		t.Errorf("%+v, %v", c, err)
	}
}

// Nobody watches the nightly job, so that it takes no identity but its own unless it is
// told to; a check that somebody runs may, where that is permitted.
func TestNightlyImpersonatesNobody(t *testing.T) {
	for want, cmd := range map[string]*cobra.Command{"never": newNightly(), "auto": newCheck()} {
		if f := cmd.Flags().Lookup("impersonate"); f.Value.String() != want || f.DefValue != want {
			t.Errorf("%s: --impersonate is %s, and is said to be %s", cmd.Name(), f.Value, f.DefValue)
		}
	}
}
