package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// TestListed reads lists in each of the forms that makers give them: a row taken wrongly
// would tell somebody that an add-on is for a minor that it is not for.
func TestListed(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []addons.Listed
	}{
		"endoflife.date": {"---\ntitle: X\nreleases:\n- releaseCycle: \"1.30\"\n  eol: 2026-11-30\n  supportedKubernetesVersions: \"1.32 - 1.36\"\n- releaseCycle: \"1.29\"\n  eol: false\n  minK8sVersion: \"1.31\"\n- releaseCycle: \"1.28\"\n  eol: false\n---\n\n> words\n",
			[]addons.Listed{{Release: "1.30", From: "1.32", To: "1.36", End: "2026-11-30"}, {Release: "1.29", From: "1.31"}}},
		"arrows, links and other platforms": {"| Release | Release Date | EOL | Compatible Kubernetes versions | OpenShift |\n|---|---|---|---|---|\n| [1.19][] | Oct 07, 2025 | Jul 08, 2026 | 1.31 → 1.35 / 4.18 → 4.20 | 4.18 |\n| [1.12 LTS][] | x | x | 1.22 → 1.32 | x |\n| 1.22 | ~Nov 2026 | Release of 1.24 | TBD | TBD |\n",
			[]addons.Listed{{Release: "1.19", From: "1.31", To: "1.35", End: "2026-07-08"}, {Release: "1.12", From: "1.22", To: "1.32"}}},
		"patches, of which the first counts": {"| Supported | X version | k8s supported version | Alpine |\n|:-:|---|---|---|\n| yes | **v1.15.1** | 1.35, 1.34 | 3.23 |\n| yes | **v1.15.0** | 1.34, 1.33 | 3.23 |\n| main | main | 1.36 | 3 |\n",
			[]addons.Listed{{Release: "1.15", From: "1.34", To: "1.35"}}},
		"first and last in columns": {"| Version | Minimum Kubernetes Version | Maximum Kubernetes Version |\n|---|---|---|\n| `2.19` | `1.22` | `1.35` |\n",
			[]addons.Listed{{Release: "2.19", From: "1.22", To: "1.35"}}},
		"no last one": {"X | API group/version | Supported Kubernetes version\n---|---|---\n0.8.x | `a/v1beta1` | 1.31+\n0.3.x | `a/v1beta1` | 1.8-1.21\n",
			[]addons.Listed{{Release: "0.8", From: "1.31"}, {Release: "0.3", From: "1.8", To: "1.21"}}},
		"a v before, and notes": {"| X | Kubernetes |\n|---|---|\n| v0.158.0 | v1.25 to v1.36 (but not 1.99) |\n",
			[]addons.Listed{{Release: "0.158", From: "1.25", To: "1.36"}}},
		"tables of something else": {"| OpenShift versions | Kubernetes version |\n|---|---|\n| 4.19 | 1.32 |\n\n| Kubernetes version | Minimum required |\n|---|---|\n| 1.30 | 1.30.0 |\n\n| Release | Date |\n|---|---|\n| 1.30 | 2026-01-01 |\n", nil},
	} {
		got, err := listed([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", name, d)
		}
	}
}

func TestDate(t *testing.T) {
	for text, want := range map[string]string{
		"Jul 08, 2026": "2026-07-08", "July 18, 2026": "2026-07-18", "December, 9 2025": "2025-12-09", "29 Sep 2026": "2026-09-29", "2027/02/14": "2027-02-14", "2026-11-30": "2026-11-30",
		"~  Dec 2026": "", "false": "", "true": "", "Release of 1.23": "", "": "", "n/a": "",
	} {
		if got := date(text); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}
