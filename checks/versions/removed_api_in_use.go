package versions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// recentDays is by default as long as GKE pauses automatic upgrades after the last call.
var recentDays = preflight.Threshold{Check: "GP311", Name: "days", Default: 30, Min: 1, Max: 365, What: "how long a write at an old version counts as one of a client that still runs"}

var removedAPIInUse = preflight.Check{
	ID:         "GP311",
	Name:       "removed-api-in-use",
	Title:      "An API that the target removes is still in use",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.DeprecatedAPIs},
	Uses:       []facts.Fact{facts.APIServerMetrics},
	Thresholds: []preflight.Threshold{recentDays},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		target, fs := removalTarget(s)
		uses := facts.DeprecatedAPIs.Of(s)
		if through, err := version.Parse(uses.Through); target.Major > 0 && (err != nil || version.CompareLine(through, target) < 0) {
			fs = append(fs, openRemovals(s, preflight.Warning, fmt.Sprintf("%s was looked for removals up to %q alone: who uses what later minors remove is not known", facts.DeprecatedAPIs.ID(), uses.Through))...)
		}
		for _, g := range goingAPIs(s, target) {
			fs = append(fs, g.findings(s)...)
		}
		return fs
	},
}

// A goingAPI is an API that the server serves, and that the target or the minor
// after it removes.
type goingAPI struct {
	api removals.API
	// gone is true if the target does not serve it.
	gone bool
	use  facts.APIUse
	// at and request are its places in deprecated-apis and in the metrics; -1 for none.
	at, request int
}

func goingAPIs(s *facts.Snapshot, target version.Version) (out []goingAPI) {
	metrics, _ := facts.APIServerMetrics.Get(s)
	requested := func(group, v, resource string) int {
		return slices.IndexFunc(metrics.Deprecated, func(d facts.DeprecatedRequest) bool {
			name, _, _ := strings.Cut(d.Resource, "/")
			return d.Group == group && d.Version == v && name == resource
		})
	}
	for i, u := range facts.DeprecatedAPIs.Of(s).APIs {
		if a, ok := removals.Of(u.Group, u.Version, u.Resource); ok && !a.ServedIn(next(target)) {
			out = append(out, goingAPI{a, !a.ServedIn(target), u, i, requested(u.Group, u.Version, u.Resource)})
		}
	}
	for j, d := range metrics.Deprecated {
		name, _, _ := strings.Cut(d.Resource, "/")
		a := removals.API{Group: d.Group, Version: d.Version, Resource: name, Removed: d.RemovedIn}
		if _, known := removals.Of(d.Group, d.Version, name); !known && !a.ServedIn(next(target)) && requested(d.Group, d.Version, name) == j {
			// The server knows of a removal that the table does not. That another
			// version stays is all that is assumed.
			out = append(out, goingAPI{a, !a.ServedIn(target), facts.APIUse{Stays: "v1"}, -1, j})
		}
	}
	return out
}

func (g goingAPI) findings(s *facts.Snapshot) (fs []preflight.Finding) {
	worst := preflight.Info
	if g.gone {
		worst = preflight.Warning
	}
	subject := preflight.Subject{Kind: "API", Name: g.api.String()}
	if a, absent := s.Absence(facts.APIServerMetrics); absent && g.use.Stays != "" {
		fs = append(fs, preflight.Finding{Severity: worst, Subject: subject, Undecided: fmt.Sprintf("could not read %s (%s): whether it is requested is unknown", facts.APIServerMetrics.ID(), a)})
	}
	if a := g.use.Absence; a != (facts.Absence{}) {
		fs = append(fs, preflight.Finding{Severity: worst, Subject: subject, Undecided: fmt.Sprintf("could not read its objects (%s): who writes them at this version is unknown", a)})
	}
	users := g.users()
	// What has no other version is watched by the cluster's own controllers.
	requested := g.request >= 0 && g.use.Stays != ""
	stranded := g.use.Stays == "" && g.use.Objects > 0 && (users != nil || g.use.Writers == nil)
	if !requested && !stranded && (users == nil || g.use.Stays == "") {
		return fs
	}
	f := preflight.Finding{Severity: preflight.Info, Subject: subject, Evidence: g.evidence(s, users), Steps: g.move(s)}
	fresh := slices.ContainsFunc(users, func(k int) bool { return s.Meta.CollectedAt.Sub(g.use.Writers[k].Latest) < recentDays.Duration(s) })
	if requested || fresh || stranded {
		f.Severity = worst
	}
	f.Summary = fmt.Sprintf("%s is removed in %s; %s; %s", g.api, g.api.Removed, strings.Join(g.seen(s, requested, users), ", "), g.consequence(requested || fresh, stranded))
	return append(fs, f)
}

// users are the places of the writers that are not the cluster's own. What
// kubectl apply notes beside its managed fields is left out.
func (g goingAPI) users() (out []int) {
	apply := slices.ContainsFunc(g.use.Writers, func(w facts.APIWriter) bool { return w.Manager == "kubectl-client-side-apply" })
	for k, w := range g.use.Writers {
		if !ofCluster(w) && !(apply && w.Manager == "") {
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return g.use.Writers[b].Objects - g.use.Writers[a].Objects })
	return out
}

// clusterManagers are field managers of Kubernetes and GKE themselves: the
// upgrade brings their new versions along.
var clusterManagers = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-addon-manager", "cloud-controller-manager", "gcp-controller-manager"}

func ofCluster(w facts.APIWriter) bool {
	return w.AddOn || slices.Contains(clusterManagers, w.Manager) || strings.HasPrefix(w.Manager, "gke-") || strings.HasPrefix(w.Manager, "api-priority-and-fairness-")
}

// mostUsers is how many users a summary names.
const mostUsers = 3

func (g goingAPI) seen(s *facts.Snapshot, requested bool, users []int) (out []string) {
	if requested {
		m, _ := facts.APIServerMetrics.Get(s)
		out = append(out, "the API server was asked for it"+finding.Since(s, m))
	}
	for i, k := range users {
		if i == mostUsers {
			break
		}
		w := g.use.Writers[k]
		out = append(out, fmt.Sprintf("%s wrote %s at it (%s)", orAnnotation(w.Manager), finding.Count(w.Objects, "object"), firstNames(w)))
	}
	if n := len(users) - mostUsers; n > 0 || g.use.OtherWriters {
		out = append(out, "and more did")
	}
	if users == nil && !requested {
		out = append(out, fmt.Sprintf("there are %s of it", finding.Count(g.use.Objects, "object")))
	}
	return out
}

func firstNames(w facts.APIWriter) string {
	names := strings.Join(w.Names, ", ")
	if w.Objects > len(w.Names) {
		names += ", ..."
	}
	return names
}

func (g goingAPI) consequence(fresh, stranded bool) string {
	switch {
	case stranded && g.gone:
		return "no other version is served, so that they can't be read after the upgrade"
	case !g.gone:
		return "the target still serves it, the minor after it does not"
	case fresh:
		return "who asks for it gets 404 after the upgrade"
	}
	return "that was long ago, but the manifests it came from fail after the upgrade"
}

func (g goingAPI) evidence(s *facts.Snapshot, users []int) (es []preflight.Evidence) {
	if g.request >= 0 {
		m, _ := facts.APIServerMetrics.Get(s)
		es = append(es, preflight.Evidence{Fact: facts.APIServerMetrics.ID(), Path: fmt.Sprintf("/deprecated/%d/resource", g.request), Value: m.Deprecated[g.request].Resource,
			Note: "was requested of one API server" + finding.Since(s, m) + "; it does not say by whom, and on a regional cluster the others are not in it"})
	}
	if g.at >= 0 && users == nil {
		es = append(es, preflight.Evidence{Fact: facts.DeprecatedAPIs.ID(), Path: fmt.Sprintf("/apis/%d/resource", g.at), Value: g.use.Resource, Note: "of no object is known that a user wrote it at this version"})
	}
	for _, k := range users {
		w := g.use.Writers[k]
		note := "by managed fields"
		if w.Manager == "" {
			note = "by the annotation of kubectl apply"
		}
		if !w.Latest.IsZero() {
			note += ", last on " + w.Latest.Format(time.DateOnly)
		}
		es = append(es, preflight.Evidence{Fact: facts.DeprecatedAPIs.ID(), Path: fmt.Sprintf("/apis/%d/writers/%d/objects", g.at, k), Value: w.Objects,
			Note: fmt.Sprintf("written at it by %s (%s): %s", orAnnotation(w.Manager), firstNames(w), note)})
	}
	return es
}

func orAnnotation(manager string) string {
	if manager == "" {
		return "kubectl apply"
	}
	return manager
}

func (g goingAPI) move(s *facts.Snapshot) remedy.Steps {
	if g.use.Stays == "" {
		return remedy.Do("save the objects, and move what needs them to a successor before the upgrade", remedy.Sh("kubectl get %s --all-namespaces --output yaml", g.api.String()))
	}
	found := []remedy.Command{whoAsked(s, g.api.Removed)}
	if g.at < 0 {
		return remedy.Do("find who uses it, and let it use a version that stays", found...)
	}
	stays := fmt.Sprintf("%s.%s.%s", g.api.Resource, g.use.Stays, g.api.Group)
	found = append(found, remedy.Sh("kubectl get %s --all-namespaces --show-managed-fields --output yaml", stays))
	return remedy.Do("find who uses it, and let it use a version that stays", found...).
		Then("rewrite the manifests that it comes from", convert(g.api, g.use.Stays)).Where("MANIFEST", "the file that it comes from")
}
