package main

import (
	"regexp"
	"slices"
	"strings"
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
		got, err := listed([]byte(c.text), addons.List{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", name, d)
		}
	}
}

// TestTold reads lists that are no tables, each in the form of one maker, by the rows of the
// index themselves. With another form there is nothing, or an error, and never half a list.
func TestTold(t *testing.T) {
	for name, c := range map[string]struct {
		addon, file, text string
		want              []addons.Listed
	}{
		"the minors of the version that it is in": {"cilium", "", "| k8s Version   | API |\n+----+----+\n| 1.33, 1.34, 1.35, 1.36 | * `n/v1`_ | :term:`C` |\n+----+\n",
			[]addons.Listed{{Release: "1.20", From: "1.33", To: "1.36"}}},
		"one minor a line, and other lists after": {"calico", "version-3.32", "against the following Kubernetes versions. Others may work.\n\n* 1.34\n* 1.35\n\nIt will not work on v1.20.\n\n* 1.99\n",
			[]addons.Listed{{Release: "3.32", From: "1.34", To: "1.35"}}},
		"patches, of which the first counts": {"strimzi", "", "operator:\n  - version: 1.0.1\n    defaultKafkaVersion: 4.2.0\n    kubernetesVersions: 1.30 - 1.36\n  - version: 1.0.0\n    defaultKafkaVersion: 4.2.0\n    kubernetesVersions: 1.29 - 1.35\nbridge:\n  - version: 9.0.0\n    kubernetesVersions: 1.1\n",
			[]addons.Listed{{Release: "1.0", From: "1.30", To: "1.36"}}},
		"releases by minor, and those of another product": {"kong", "version-compatibility", "compatible_product: Kubernetes\ncompatible_versions:\n  \"1.35\": [\"3.5\"]\n  \"1.34\": [\"3.4\", \"3.5\"]\n{% endtable %}\ncompatible_product: Gateway API\n  \"1.3\": [\"3.3\"]\n{% endtable %}\n",
			[]addons.Listed{{Release: "3.5", From: "1.34", To: "1.35"}, {Release: "3.4", From: "1.34", To: "1.34"}}},
		"ends alone": {"kong", "support.md", "  - version: \"**3.4.x**\"\n    release: \"**2024-12-18**\"\n    support: \"**2027-12-18**\"\n",
			[]addons.Listed{{Release: "3.4", End: "2027-12-18"}}},
		"the column of GKE": {"gpu-operator", "", "    * - Ubuntu 24.04\n      - 1.20---1.21\n\n      - | Amazon EKS\n        | Kubernetes\n      - | Google GKE\n        | Kubernetes\n\n    * - Ubuntu 24.04 LTS\n      - 1.30---1.36\n      - 1.33---1.35\n\n.. _next:\n    * - Ubuntu\n      - 1.1\n      - 1.2---1.3\n",
			[]addons.Listed{{Release: "26.7", From: "1.33", To: "1.35"}}},
		"the least that it is made for": {"gateway-api", "", "        k8s_version: [v1.37.0, v1.36.0, v1.34.1, v1.33.0]\n",
			[]addons.Listed{{Release: "1.7", From: "1.33"}}},
		"a change log, some of whose releases do not tell": {"vault", "", "# Log\n\n## 1.7.6 (August 6)\n\n* Fix ([GH-1](https://x/1))\n\n## 1.7.5 (June)\n* See #12\n* Test with K8s 1.36.1, 1.32.11\n\n## 1.7.3 (May)\n* Tested with Kubernetes versions 1.35-1.31\n\n## 1.6.2 (May)\n* Testing with K8s versions 1.28 - 1.32\n",
			[]addons.Listed{{Release: "1.7", From: "1.32", To: "1.36"}, {Release: "1.6", From: "1.28", To: "1.32"}}},
		"two minors before the one named": {"descheduler", "", "| v0.36       | v1.36                        |\n| v0.4-v0.9   | v1.9+                        |\n",
			[]addons.Listed{{Release: "0.36", From: "1.34", To: "1.36"}}},
		"a release and later ones": {"tekton", "README", "- Starting from the v0.61.x release of Tekton: **Kubernetes version 1.28 or later**\n",
			[]addons.Listed{{Release: "0.61", Since: true, From: "1.28"}}},
		"marks in a table": {"external-dns", "", "| ExternalDNS | ≤ 0.9.x | ≥ 0.10.x and ≤ 0.17.x | ≥ 0.18.x |\n| --- | :-: | :-: | :-: |\n| Kubernetes 1.21 | :white_check_mark: | :white_check_mark: | :white_check_mark: |\n| Kubernetes ≥ 1.22 and ≤ 1.32 | :x: | :white_check_mark: | :white_check_mark: |\n| Kubernetes ≥ 1.33 | :x: | :x: | :white_check_mark: |\n",
			[]addons.Listed{{Release: "0.18", Since: true, From: "1.21"}}},
	} {
		a, _ := addons.Find(c.addon)
		n := slices.IndexFunc(a.Lists, func(l addons.List) bool { return l.Row != "" && strings.Contains(l.File, c.file) })
		if n < 0 {
			t.Fatalf("%s: %s has no such list", name, c.addon)
		}
		got, err := listed([]byte(c.text), a.Lists[n])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", name, d)
		}
		if got, err := listed([]byte("It has moved, and is about Kubernetes 1.30 to 1.36 now.\n"), a.Lists[n]); err == nil && got != nil {
			t.Errorf("%s: another form is read as %v", name, got)
		}
	}
}

// TestRows: those of the index are regular expressions with a group for what they tell, and
// what they tell is of a release.
func TestRows(t *testing.T) {
	for _, a := range addons.Index() {
		for _, l := range a.Lists {
			if l.Row == "" {
				if l.Part+l.Release+l.Commit != "" || l.Since || l.Least || l.Earlier != 0 {
					t.Errorf("%s: %s is a table, and those are read without more", a.Name, l.File)
				}
				continue
			}
			row, err := regexp.Compile(l.Row)
			if err != nil {
				t.Fatalf("%s: %v", a.Name, err)
			}
			if part, err := regexp.Compile(l.Part); err != nil || l.Part != "" && part.NumSubexp() != 1 {
				t.Errorf("%s: the part %q has not one group: %v", a.Name, l.Part, err)
			}
			if row.SubexpIndex("minors") < 0 && row.SubexpIndex("end") < 0 || row.SubexpIndex("release") < 0 && l.Release == "" && l.Version == "" {
				t.Errorf("%s: %q does not tell enough", a.Name, l.Row)
			}
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
