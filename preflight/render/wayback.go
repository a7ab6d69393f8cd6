package render

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/wayback"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// waysBack say whether and until when each step can be undone that the verdict is about;
// none for a report that does not tell.
func waysBack(r preflight.Report) (all []answer) {
	for _, s := range r.Steps {
		if s.WayBack.Way == "" || !r.IsAbout(s.Step) {
			continue
		}
		label := "Way back"
		if s.Step == preflight.NodesStep {
			label = "Way back of nodes"
		}
		all = append(all, answer{label, undoing(s.WayBack) + "."})
	}
	return all
}

// wayBack is that of the control plane; zero for a report that does not tell.
func wayBack(r preflight.Report) wayback.Back {
	for _, s := range r.Steps {
		if s.Step == preflight.ControlPlaneStep {
			return s.WayBack
		}
	}
	return wayback.Back{}
}

// undoing is the way back in words.
func undoing(b wayback.Back) string {
	said := undoingBy(b)
	if b.Newer != nil {
		said += fmt.Sprintf("; but node pools run a later minor by now, and have to go back first: %s", words.Some(b.Newer, fewNamed))
	}
	if b.Open != "" && b.Way != wayback.Unknown {
		said += "; " + b.Open
	}
	return said
}

func undoingBy(b wayback.Back) string {
	switch b.Way {
	case wayback.OneStep:
		if b.Choice {
			return "none in one step; with --control-plane-soak-duration, until the soak period ends"
		}
		return "none: an upgrade to the next minor can't be undone"
	case wayback.TwoSteps:
		return fmt.Sprintf("to %s for %s after the first step, as the cluster is set up; none after the second", b.To, preflight.Words(time.Duration(b.SoakSeconds)*time.Second))
	case wayback.Soaking:
		return fmt.Sprintf("to %s until %s; none once the upgrade is completed", b.To, minute(b.Until))
	case wayback.SoakOver:
		return fmt.Sprintf("none any more: the soak period ended at %s", minute(b.Until))
	case wayback.Patch:
		return fmt.Sprintf("to %s, another patch of the same minor, for as long as GKE offers it", b.To)
	case wayback.Withdrawn:
		return fmt.Sprintf("none: GKE no longer offers %s", b.To)
	case wayback.Same:
		return "the version stays, so there is nothing to undo"
	case wayback.RollBack:
		return "this is the way back"
	case wayback.Refused:
		return "GKE takes no such step"
	case wayback.ByPool:
		return byPool(b.Pools)
	case wayback.Managed:
		return "none by hand: GKE upgrades the nodes of Autopilot by itself"
	case wayback.Unknown:
	}
	return "not known: " + cmp.Or(b.Open, "this version does not know "+string(b.Way))
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// byPool says it of each node pool, those together that have the same way.
func byPool(pools []wayback.Pool) string {
	if pools == nil {
		return "there are no node pools"
	}
	var ways []string
	names := map[string][]string{}
	for _, p := range pools {
		way := undoingPool(p)
		if names[way] == nil {
			ways = append(ways, way)
		}
		names[way] = append(names[way], p.Name)
	}
	for i, way := range ways {
		ways[i] = words.Some(names[way], fewNamed) + ": " + way
	}
	return strings.Join(ways, "; ")
}

func undoingPool(p wayback.Pool) string {
	switch p.Way {
	case wayback.BlueGreen:
		return fmt.Sprintf("to the old nodes, which stay for %s after the last drain", preflight.Words(time.Duration(p.SoakSeconds)*time.Second))
	case wayback.Remade:
		return "by nodes made anew of the version that runs now, and in no other way once all are upgraded"
	case wayback.NotOffered:
		return fmt.Sprintf("none, for GKE makes no nodes of %s any more", p.To)
	case wayback.TooOld:
		return fmt.Sprintf("none, for %s would be too old for the control plane", p.To)
	}
	return "in a way that this version does not know"
}
