package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Schema names the form of an Outcome in JSON.
const Schema = "gke-preflight/plan/v1"

// A Cluster is what is to be checked for the upgrades of one cluster.
type Cluster struct {
	Project, Location, Name string
	// Target is as check --target-version takes it: "running" where only nodes are
	// replaced.
	Target string
	// Timeout is how long the provider waits for the control plane; zero where it is
	// not upgraded.
	Timeout time.Duration
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
		c := Cluster{Project: u.Project, Location: u.Location, Name: u.Cluster, Target: cmp.Or(u.Target, "running")}
		if u.Replaces(ControlPlane) {
			c.Timeout = u.Timeout
		}
		i := slices.IndexFunc(found, func(f Cluster) bool { return f.String() == c.String() })
		switch {
		case i < 0:
			found = append(found, c)
		case u.Target != "":
			found[i] = c
		}
	}
	return found
}

func (u Upgrade) checkable() bool { return len(u.Unknown) == 0 && !u.Replaces(Recreation) }

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
// [Cluster.String] has it. Recreations are not ready unless they are accepted.
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
	case u.Replaces(Recreation) && acceptRecreation:
		return preflight.Ready, "accepted: what runs there is deleted, so nothing was checked"
	case u.Replaces(Recreation):
		return preflight.NotReady, "this is no upgrade: the cluster that runs is deleted. If that is meant, pass --accept-recreation"
	case len(u.Unknown) > 0:
		return preflight.Inconclusive, "not known yet: " + strings.Join(u.Unknown, "; ") + ". Plan again when it is"
	case l.Err != nil:
		return preflight.Inconclusive, "could not look: " + l.Err.Error()
	case l.Report == nil:
		return preflight.Inconclusive, "nobody looked"
	}
	return l.Report.Verdict, fmt.Sprintf("the check of %s to %s", u.cluster(), l.Report.TargetVersion)
}

// worse reports whether a is a worse verdict than b.
func worse(a, b preflight.Verdict) bool {
	order := []preflight.Verdict{preflight.Ready, preflight.Inconclusive, preflight.NotReady}
	return slices.Index(order, a) > slices.Index(order, b)
}
