package addons

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var origin = regexp.MustCompile(`^(github\.com/[\w.-]+/[\w.-]+@[0-9a-f]{12}|[\w./-]+@v[\w.-]+):[\w./-]+$`)

// TestReadings: each row is whole, says where and when it was read, and stands once; they
// are in the order of the index, so that a reading changes no more lines than it must.
func TestReadings(t *testing.T) {
	seen := map[string]bool{}
	last := 0
	for _, r := range Readings().Releases {
		at := slices.IndexFunc(Index(), func(a Addon) bool { return a.Name == r.Addon })
		if at < last {
			t.Errorf("%s is out of order", r.Addon)
		}
		last = at
		if seen[r.Addon+r.Release+r.Origin] {
			t.Errorf("%s %s stands twice", r.Addon, r.Release)
		}
		seen[r.Addon+r.Release+r.Origin] = true
		if !origin.MatchString(r.Origin) || !day(r.Read) || r.End != "" && !day(r.End) || r.From == "" && (r.End == "" || r.To != "") {
			t.Errorf("not whole: %+v", r)
		}
		for _, m := range []string{r.Release, r.From, r.To} {
			if _, err := version.Parse(m); m != "" && err != nil {
				t.Errorf("%+v: %v", r, err)
			}
		}
		if r.To != "" && version.CompareLine(line(r.To), line(r.From)) < 0 {
			t.Errorf("it ends before it begins: %+v", r)
		}
	}
	if len(seen) < 300 {
		t.Errorf("%d rows", len(seen))
	}
}

func day(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// TestLists: each list of the index was read, each add-on that has one can be found in a
// cluster, and of at least thirty something is known.
func TestLists(t *testing.T) {
	known := 0
	for _, a := range Index() {
		if len(a.Lists) > 0 {
			known++
		}
		if len(a.Lists) > 0 && len(a.Images) == 0 && a.Bundle == "" {
			t.Errorf("%s has lists, and no image to find it by", a.Name)
		}
		for _, l := range a.Lists {
			if !slices.ContainsFunc(Readings().Releases, func(r Listed) bool {
				return r.Addon == a.Name && strings.HasSuffix(r.Origin, ":"+l.File) && (l.Module == "" || strings.HasPrefix(r.Origin, l.Module+"@"+l.Version+":"))
			}) {
				t.Errorf("%s: nothing was read of %s: run make addons", a.Name, l.File)
			}
		}
	}
	if known < 30 {
		t.Errorf("something is known of %d add-ons", known)
	}
}

// TestReadAfterEachMinor fails when the catalogue has a minor that came out after all that
// was read: nobody would be told anything about it.
func TestReadAfterEachMinor(t *testing.T) {
	for _, m := range bootstrap.Minors() {
		n := slices.IndexFunc(Readings().Minors, func(o Minor) bool { return o.Minor == m })
		if n < 0 {
			t.Errorf("when %s came out is not known: run make addons", m)
			continue
		}
		released := Readings().Minors[n].Released
		if !slices.ContainsFunc(Readings().Releases, func(r Listed) bool { return r.Read >= released && r.From != "" }) {
			t.Errorf("no list was read since %s came out on %s: name newer versions in index.yaml, and run make addons with newer checkouts", m, released)
		}
	}
}

// TestStands goes through what a release can be to a minor. What is not known is never
// taken for listed.
func TestStands(t *testing.T) {
	for name, c := range map[string]struct {
		addon, tag, minor string
		want              Standing
	}{
		"listed":                          {"istio", "1.29.1-distroless", "1.35", Among},
		"a later one":                     {"istio", "1.29.1", "1.36", NotAmong},
		"an earlier one":                  {"istio", "1.29.1", "1.30", Before},
		"with a v, and a patch of mine":   {"cert-manager", "v1.16.2-shop.3", "1.36", NotAmong},
		"no last one is named":            {"metrics-server", "v0.8.1", "1.36", Among},
		"nor can it be of tomorrow":       {"metrics-server", "v0.8.1", "1.99", NewMinor},
		"a minor after the reading":       {"istio", "1.30.3", "1.37", NewMinor},
		"one that was given up before":    {"istio", "1.27.3", "1.37", NotAmong},
		"a newer release":                 {"istio", "1.99.0", "1.35", NewRelease},
		"a release that none lists":       {"argo-cd", "v2.1.0", "1.35", NoRow},
		"latest":                          {"istio", "latest", "1.35", NoRelease},
		"no tag":                          {"istio", "", "1.35", NoRelease},
		"a day for a tag":                 {"istio", "20260101.7", "1.35", NoRelease},
		"a commit for a tag":              {"istio", "1234abc", "1.35", NoRelease},
		"stable as Linkerd has it":        {"linkerd", "stable-2.14.10", "1.36", NotAmong},
		"edge":                            {"linkerd", "edge-25.9.1", "1.36", NoRelease},
		"no list":                         {"argo-rollouts", "v1.8.3", "1.35", NoList},
		"told of it and later ones":       {"external-dns", "v0.21.0", "1.36", Among},
		"before that was told":            {"external-dns", "v0.15.1", "1.36", NotAmong},
		"and before that, nothing":        {"external-dns", "v0.9.0", "1.36", NoRow},
		"an image of another version":     {"flux", "v1.9.4", "1.36", Among},
		"and of one that is not known":    {"flux", "v0.36.1", "1.36", NoRelease},
		"no limit for newer minors":       {"gateway-api", "v1.7.0", "1.37", Among},
		"but of none that it came before": {"gateway-api", "v1.5.1", "1.37", NewMinor},
	} {
		a, ok := Find(c.addon)
		if got, row := a.Stands(c.tag, c.minor); !ok || got != c.want {
			t.Errorf("%s: %s %s and %s: %d by %+v, want %d", name, c.addon, c.tag, c.minor, got, row, c.want)
		}
	}
}

// TestEnded: an ancient release must not pass for want of a row of its own.
func TestEnded(t *testing.T) {
	istio, _ := Find("istio")
	for tag, want := range map[string]string{"1.27.3": "2026-04-07", "1.5.0": "2021-02-25", "1.99.0": "", "latest": ""} {
		if r, ok := istio.Ended(tag); r.End != want || ok != (want != "") {
			t.Errorf("%s ended on %q", tag, r.End)
		}
	}
	dns, _ := Find("external-dns")
	if to := dns.For("v0.15.1", "1.36"); to != "0.18" {
		t.Errorf("External DNS is to move to %q", to)
	}
	if to := istio.For("1.27.3", "1.36"); to != "1.30" {
		t.Errorf("for 1.36 it is to move to %q", to)
	}
	flux, _ := Find("flux")
	if r, ok := flux.Ended("v1.6.2"); !ok || r.Release != "2.6" || flux.Release("v1.6.2") != "2.6" || flux.Release("v0.36.1") != "0.36.1" {
		t.Errorf("source-controller 1.6 is of Flux %q, which ended on %q", flux.Release("v1.6.2"), r.End)
	}
	if r, ok := flux.Ended("v0.36.1"); ok {
		t.Errorf("source-controller 0.36 is taken for one of %s", r.Release)
	}
	if !istio.Untold("latest") || istio.Untold("1.27.3") {
		t.Error("which release has ended is told by digests")
	}
}
