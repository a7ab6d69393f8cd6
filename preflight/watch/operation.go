package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Types and states of operations, as the GKE API names them.
const (
	upgradeMaster = "UPGRADE_MASTER"
	upgradeNodes  = "UPGRADE_NODES"
	autoRepair    = "AUTO_REPAIR_NODES"
	repairCluster = "REPAIR_CLUSTER"

	pending  = "PENDING"
	running  = "RUNNING"
	done     = "DONE"
	aborting = "ABORTING"
)

// operation is what is known of the one that is followed.
type operation struct {
	// followed is its name; empty until one is found.
	followed string
	// kind is its type.
	kind string
	// status and progress are what was told last.
	status, progress string
	aborted, missing bool
	waitTold         bool
	repairs          map[string]bool
}

func (w *Watch) seeOperations(all []Operation) {
	w.seeRepairs(all)
	if w.followed == "" {
		w.find(all)
	}
	if w.followed == "" {
		w.awaitUpgrade()
		return
	}
	i := slices.IndexFunc(all, func(o Operation) bool { return o.Name == w.followed })
	if i < 0 {
		if !w.missing {
			w.say(Blind, "the GKE API tells no more of %s", w.followed)
		}
		w.missing = true
		return
	}
	w.missing = false
	w.follow(all[i])
}

// find chooses the operation that is asked for, or the upgrade that runs.
func (w *Watch) find(all []Operation) {
	for _, kind := range []string{upgradeMaster, upgradeNodes} {
		for _, o := range all {
			if w.options.Operation == o.Name || w.options.Operation == "" && o.Type == kind && o.Status != done {
				w.followed, w.kind = o.Name, o.Type
				return
			}
		}
	}
}

func (w *Watch) awaitUpgrade() {
	what := "no upgrade of the cluster or its node pools runs"
	if w.options.Operation != "" {
		what = fmt.Sprintf("the GKE API knows no operation %s on this cluster", w.options.Operation)
	}
	switch {
	case w.now.Sub(w.began) >= w.options.For:
		w.end(Unknown, fmt.Sprintf("%s, and none began within %s", what, w.options.For))
	case !w.waitTold:
		w.waitTold = true
		w.say(Upgrade, "%s: waiting %s for one to begin", what, w.options.For)
	}
}

func (w *Watch) follow(o Operation) {
	w.followPool(o)
	progress := strings.Join(append(slices.Clone(o.Progress), nonEmpty(o.Detail)...), ", ")
	if o.Status != w.status || progress != w.progress {
		w.status, w.progress = o.Status, progress
		w.sayStatus(o, progress)
	}
	switch {
	case o.Status != done:
	case o.Error != "":
		w.failedWith(o)
	case w.aborted:
		w.end(Failed, fmt.Sprintf("%s %s was aborted", o.Type, o.Name))
	default:
		w.end(Succeeded, fmt.Sprintf("%s %s is done", o.Type, o.Name))
	}
}

func (w *Watch) sayStatus(o Operation, progress string) {
	text := fmt.Sprintf("%s %s", o.Type, o.Name)
	if o.Target != "" {
		text += " on " + o.Target
	}
	text += ": " + o.Status
	if progress != "" {
		text += ", " + progress
	}
	switch o.Status {
	case pending, running, done:
		w.say(Upgrade, "%s", text)
	case aborting:
		w.aborted = true
		w.alarm(Upgrade, "%s: GKE gives it up", text)
	default:
		w.say(Blind, "%s, a status that this version does not know: whether it goes on can't be told", text)
	}
}

// failedWith ends the watch. That the API server is not healthy is how GKE tells
// of a replica that does not start.
func (w *Watch) failedWith(o Operation) {
	if o.Type == upgradeMaster && strings.Contains(o.Error, "kube-apiserver") {
		w.beginAll("GKE says "+o.Error, crashLoops)
	}
	w.end(Failed, fmt.Sprintf("%s %s has failed: %s", o.Type, o.Name, o.Error))
}

func (w *Watch) seeRepairs(all []Operation) {
	for _, o := range all {
		if o.Status == done || w.repairs[o.Name] || o.Type != autoRepair && o.Type != repairCluster {
			continue
		}
		w.repairs[o.Name] = true
		if o.Type == repairCluster {
			w.alarm(Replica, "GKE repairs the control plane: %s", o.Name)
			continue
		}
		w.sayRepair(fmt.Sprintf("GKE repairs nodes: %s on %s", o.Name, o.Target))
	}
}

// overdue ends a wait for an upgrade in which the GKE API never told of operations
// at all, where nothing else can tell of the end.
func (w *Watch) overdue() {
	b, blind := w.blind[Operations]
	if blind && w.options.Operation != "" && w.followed == "" && w.outcome == "" && w.now.Sub(b.since) >= max(w.options.For, time.Minute) {
		w.end(Unknown, fmt.Sprintf("%s can't be followed: the GKE API does not tell of operations", w.options.Operation))
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
