package docs_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// TestAddonsPage generates addons.md from what was read of makers' lists. "make pages"
// rewrites it.
func TestAddonsPage(t *testing.T) {
	want := addonsPage()
	if *update {
		if err := os.WriteFile("addons.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile("addons.md"); string(got) != want {
		t.Error("addons.md is not what comes out of preflight/addons: run make pages")
	}
}

func addonsPage() string {
	var with, without strings.Builder
	var none []string
	for _, a := range addons.Index() {
		if len(a.Images) == 0 && a.Bundle == "" {
			continue
		}
		knownBy := a.Bundle
		if len(a.Images) > 0 {
			knownBy = a.Images[0]
		}
		ranged, ends := newest(a.Name, func(r addons.Listed) bool { return r.From != "" }), newest(a.Name, func(r addons.Listed) bool { return r.End != "" })
		switch {
		case ranged.Origin == "" && ends.Origin == "":
			none = append(none, a.Title)
		case ranged.Origin == "":
			fmt.Fprintf(&without, "| %s | `%s` | to %s | %s |\n", a.Title, knownBy, ends.Release, readAt(ends))
		default:
			fmt.Fprintf(&with, "| %s | `%s` | %s | %s | %s |\n", a.Title, knownBy, ranged.Line(), minorsOf(ranged), readAt(ranged))
		}
	}
	return fmt.Sprintf(addonsText, with.String(), without.String(), strings.Join(none, ", "))
}

// newest is the row of the newest line that keep holds for; zero if there is none.
func newest(name string, keep func(addons.Listed) bool) (found addons.Listed) {
	for _, r := range addons.Readings().Releases {
		if r.Addon == name && keep(r) && (found.Release == "" || compareLines(r.Release, found.Release) > 0) {
			found = r
		}
	}
	return found
}

func compareLines(a, b string) int {
	v, _ := version.Parse(a)
	w, _ := version.Parse(b)
	return version.CompareLine(v, w)
}

func minorsOf(r addons.Listed) string {
	if r.To == "" {
		return "from " + r.From + " on"
	}
	return strings.Join(slices.Compact([]string{r.From, r.To}), " to ")
}

func readAt(r addons.Listed) string {
	repository, _, _ := strings.Cut(strings.TrimPrefix(r.Origin, "github.com/"), "@")
	return repository + ", " + r.Read
}

const addonsText = `# Add-ons and the target

What is known of the add-ons in a cluster, and what is not: which minors of Kubernetes
their makers list, and when their releases end. The checks are [GP320](checks/GP320.md)
and [GP321](checks/GP321.md); with ` + "`--helm`" + ` a chart's own word comes to that, [GP322](checks/GP322.md).
What their webhooks do to an upgrade is another question: [map](map.md), and what is asked
of yours.

## What is compared

- The image of each Pod that you run, by the end of its path: ` + "`istio/pilot`" + ` is Istio in any
  mirror. Its tag tells the release. A digest without a tag tells nothing, and is open.
- The controller of each IngressClass, and the release that the CustomResourceDefinitions
  of Gateway API name.
- Not what GKE keeps and upgrades itself, by the labels that only GKE sets, and not what it
  built itself (` + "`-gke.`" + ` in the tag).

"Not among the minors that its makers list" is what it says: it may work. "Read on" is the day
of the state of the list that was read, not the day of the check. A minor or a release that
came out later is open, as nothing could be listed of it then; unless the list of that day
left out older minors, too. "From 1.N on" is a list that names no last minor: nothing is
found by it above 1.N. Nothing is looked up while you check.

## Minors that makers list

The newest release line that was read; older ones are known, too. Of Gateway API it is the
minors that the release's own tests of its CRDs run on, of which its makers promise the
newest five at least; of GPU Operator what it was validated with on GKE; of Descheduler the
minor that it is listed with and the two before, against which it is tested as its text says.
Flux 2.N is found by its source-controller 1.N, which its manifests name.

| add-on | known by | release | minors | read |
|---|---|---|---|---|
%s
## Ends of releases alone

Their makers tell when a release ends, and no list of minors was read.

| add-on | known by | ends known | read |
|---|---|---|---|
%s
## Neither

These are recognised, and nothing is compared, which GP320 says in its one open line:
%s.

| add-on | why not |
|---|---|
| Actions Runner Controller, Argo Rollouts, KubeRay, Sealed Secrets, Secrets Store CSI Driver | no minors were found in their repositories |
| Crossplane, Gatekeeper, Traefik | what Kubernetes itself supports, or its newest three minors, is all that they say: no release is told with its minors |
| Datadog | minima of the agent are on a page of its manual, whose repository was too large to read |
| kube-state-metrics | the library that it is built with is no list of minors that it is for |
| Kuma | two minors in a build file of each branch, of which only the main one's was read |
| MetalLB, Node Feature Discovery, Reloader | one minimum from years ago for all releases |

Ingress NGINX is retired since 2026-03-24, whatever its release.

## Kept current

` + "`preflight/addons/index.yaml`" + ` names for each add-on its images and its lists;
` + "`preflight/addons/releases.json`" + ` has a row for each release line, with the file, the commit
and the day that it was read at. This makes the rows anew, the same bytes from the same
commits:

` + "```" + `
make addons CHECKOUTS=DIR
` + "```" + `

Lists in Go modules come from the module proxy. Other repositories are read from
DIR/OWNER/NAME, checkouts that you make; without one its rows stay. A list is a table, or
has a row in the index: a regular expression for what it tells of one release. One that is
not matched any more is an error. Versions, minors and days are taken, and nothing else.
endoflife.date (MIT) has the days of most, and the minors of Istio, KEDA and Kyverno.
`
