package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Schema names the form of an Outcome in JSON.
const Schema = "gke-preflight/plan/v1"

// A Cluster is what is to be checked for the upgrades of one cluster.
type Cluster struct {
	Project, Location, Name string
	// Target is as check --target-version takes it: "running" where only nodes are
	// replaced.
	Target string
	// Timeout is how long the provider waits for the control plane at least, and
	// TimeoutMost at most; both are zero where it is not upgraded.
	Timeout, TimeoutMost time.Duration
	// ControlPlane says that the control plane starts anew, and not nodes alone.
	ControlPlane bool
	// Pools are the node pools that are changed by name.
	Pools []facts.PoolChange
	// NodePools are those of which nodes are made anew, or that go, where all of them are
	// known by name; none where they are not.
	NodePools []string
	// Upgraded are those of which nodes are made anew, or that go, as far as they are known
	// by name: each is there before, so that a cluster without it is another one, or was
	// looked at too early.
	Upgraded []string
}

// String is PROJECT/LOCATION/NAME.
func (c Cluster) String() string { return c.Project + "/" + c.Location + "/" + c.Name }

// Clusters returns the clusters that are to be checked for the upgrades, in their
// order: those that have a name, are not deleted, and whose target is known.
func Clusters(all []Upgrade) []Cluster {
	var found []Cluster
	for _, u := range all {
		if !u.checkable() {
			continue
		}
		c := Cluster{ControlPlane: upgradesControlPlane(all, u.cluster()), Project: u.Project, Location: u.Location, Name: u.Cluster, Target: cmp.Or(u.Target, "running")}
		if u.Replaces(ControlPlane) {
			c.Timeout, c.TimeoutMost = u.Timeout, u.TimeoutMost
		}
		i := slices.IndexFunc(found, func(f Cluster) bool { return f.String() == c.String() })
		if i < 0 {
			c.Pools = slices.Clone(u.Pools)
			found = append(found, c)
			continue
		}
		f := &found[i]
		f.Pools = append(f.Pools, u.Pools...)
		if u.Target != "" {
			f.Target = u.Target
		}
		if u.Replaces(ControlPlane) {
			f.Timeout, f.TimeoutMost = c.Timeout, c.TimeoutMost
		}
	}
	for i := range found {
		found[i].NodePools, found[i].Upgraded = nodePools(all, found[i].String()), upgraded(all, found[i].String())
	}
	return found
}

// nodePools are the pools of the cluster whose nodes the upgrades replace; none where one
// of them replaces nodes of the cluster as such.
func nodePools(all []Upgrade, cluster string) (names []string) {
	for _, u := range all {
		switch {
		case u.cluster() != cluster || !u.Replaces(Nodes):
			continue
		case u.NodePool == "":
			return nil
		}
		names = append(names, u.NodePool)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// upgraded are the pools of the cluster whose nodes the upgrades replace by the pools' names.
func upgraded(all []Upgrade, cluster string) (names []string) {
	for _, u := range all {
		switch {
		case u.cluster() != cluster || !u.Replaces(Nodes):
		case u.NodePool != "":
			names = append(names, u.NodePool)
		default:
			for _, p := range u.Pools {
				names = append(names, p.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// upgradesControlPlane reports whether any of the upgrades starts that cluster's control
// plane anew, one whose target is not known yet among them.
func upgradesControlPlane(all []Upgrade, cluster string) bool {
	return slices.ContainsFunc(all, func(u Upgrade) bool { return u.cluster() == cluster && u.Replaces(ControlPlane) })
}

func (u Upgrade) checkable() bool { return len(u.Unknown) == 0 && !u.ends() }

func (u Upgrade) cluster() string { return u.Project + "/" + u.Location + "/" + u.Cluster }

// A Look is what came of checking a cluster: a report, or why there is none.
type Look struct {
	Report *preflight.Report
	Err    error
}

// A Resource is an upgrade and the verdict on it.
type Resource struct {
	Upgrade
	Verdict preflight.Verdict `json:"verdict"`
	// Why says what the verdict rests on.
	Why string `json:"why"`
}

// An Outcome is the verdict on a plan.
type Outcome struct {
	// Schema is [Schema].
	Schema string `json:"schema"`
	// Verdict is the worst of the resources'; ready where nothing is upgraded.
	Verdict preflight.Verdict `json:"verdict"`
	// Resources are the upgrades of the plan, empty where there are none.
	Resources []Resource `json:"resources"`
	// Reports are those of the clusters, in the order of [Clusters], without those
	// that could not be looked at.
	Reports []preflight.Report `json:"reports"`
}

// Judge gives each upgrade its verdict. looks are by the cluster's name, as
// [Cluster.String] has it. Clusters that are deleted, also to make them anew, are not
// ready unless that is accepted.
func Judge(all []Upgrade, looks map[string]Look, acceptRecreation bool) Outcome {
	o := Outcome{Schema: Schema, Verdict: preflight.Ready, Resources: []Resource{}, Reports: []preflight.Report{}}
	for _, c := range Clusters(all) {
		if r := looks[c.String()].Report; r != nil {
			o.Reports = append(o.Reports, *r)
		}
	}
	for _, u := range all {
		r := Resource{Upgrade: u}
		r.Verdict, r.Why = u.judge(looks[u.cluster()], acceptRecreation)
		o.Resources = append(o.Resources, r)
		if worse(r.Verdict, o.Verdict) {
			o.Verdict = r.Verdict
		}
	}
	return o
}

func (u Upgrade) judge(l Look, acceptRecreation bool) (preflight.Verdict, string) {
	switch {
	case u.ends() && acceptRecreation:
		return preflight.Ready, "accepted: what runs there is deleted, so nothing was checked"
	case u.ends():
		return preflight.NotReady, "this is no upgrade: the cluster that runs is deleted. If that is meant, pass --accept-recreation"
	case len(u.Unknown) > 0:
		return preflight.Inconclusive, "not known yet: " + strings.Join(u.Unknown, "; ") + ". Plan again when it is"
	case l.Err != nil:
		return preflight.Inconclusive, "could not look: " + l.Err.Error()
	case l.Report == nil:
		return preflight.Inconclusive, "nobody looked"
	}
	return l.Report.Verdict, u.why(l.Report)
}

// why names the check, and where it says no, or can't tell, the first reason.
func (u Upgrade) why(r *preflight.Report) string {
	why := fmt.Sprintf("the check of %s to %s", u.cluster(), r.TargetVersion)
	if !u.Replaces(ControlPlane) {
		why = fmt.Sprintf("the check of %s, with a control plane of %s", u.cluster(), r.TargetVersion)
	}
	var blockers []preflight.Finding
	for _, f := range r.Findings {
		if f.Severity == preflight.Blocker && !f.Waived && f.CausedBy == "" {
			blockers = append(blockers, f)
		}
	}
	if len(blockers) == 0 {
		return why + u.unanswered(r)
	}
	first := blockers[max(0, slices.IndexFunc(blockers, func(f preflight.Finding) bool { return u.names(f.Subject) }))]
	why += fmt.Sprintf(": %s, %s", first.Check, first.Summary)
	if more := len(blockers) - 1; more > 0 {
		why += fmt.Sprintf(" (and %d more)", more)
	}
	return why
}

// unanswered names, where the check can't tell, the first question that could hide a
// blocker.
func (u Upgrade) unanswered(r *preflight.Report) string {
	var open []preflight.OpenQuestion
	for _, o := range r.Open {
		if o.Severity == preflight.Blocker && !o.Waived {
			open = append(open, o)
		}
	}
	if r.Verdict != preflight.Inconclusive || len(open) == 0 {
		return ""
	}
	first := open[max(0, slices.IndexFunc(open, func(o preflight.OpenQuestion) bool { return u.names(o.Subject) }))]
	text := fmt.Sprintf(": %s, %s", first.Check, first.Reason)
	if more := len(open) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// names reports whether a finding is about a node pool of the upgrade.
func (u Upgrade) names(s preflight.Subject) bool {
	return s.Kind == "NodePool" && (s.Name == u.NodePool || slices.ContainsFunc(u.Pools, func(p facts.PoolChange) bool { return p.Name == s.Name }))
}

// Warnings counts what is to be weighed although nothing stands in the way: those on
// the upgrades, and those that the reports find.
func (o Outcome) Warnings() int {
	n := 0
	for _, r := range o.Resources {
		n += len(r.Warnings)
	}
	for _, r := range o.Reports {
		for _, f := range r.Findings {
			if f.Severity == preflight.Warning && !f.Waived && f.CausedBy == "" {
				n++
			}
		}
	}
	return n
}

// worse reports whether a is a worse verdict than b.
func worse(a, b preflight.Verdict) bool {
	order := []preflight.Verdict{preflight.Ready, preflight.Inconclusive, preflight.NotReady}
	return slices.Index(order, a) > slices.Index(order, b)
}
