package versions

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var addonEnded = preflight.Check{
	ID:       "GP321",
	Name:     "addon-ended",
	Title:    "An add-on is of a release that its makers have ended",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.Images},
	Uses:     []facts.Fact{facts.IngressClasses},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var old, long []endedOn
		var untold []preflight.Finding
		now := s.Meta.CollectedAt.UTC()
		for _, of := range byAddon(slices.Concat(addons.ByImages(s), addons.ByClasses(s))) {
			switch e, ok := oldest(of, now); {
			case ok && e.on < now.AddDate(-1, 0, 0).Format(time.DateOnly):
				long = append(long, e)
			case ok:
				old = append(old, e)
			case slices.ContainsFunc(of, func(i addons.Installed) bool { return i.Addon.Untold(i.Tag) }):
				untold = append(untold, preflight.Finding{Check: "GP320", Severity: preflight.Info, Subject: finding.ClusterSubject(s), Undecided: "its image does not tell which release it is of"})
			}
		}
		fs := slices.Concat(pastEnd(preflight.Warning, long), pastEnd(preflight.Info, old), untold)
		return append(fs, finding.Unread(s, facts.IngressClasses, "whether a class is served by a retired controller")...)
	},
}

// An endedOn is an add-on, the day on which what runs of it ended, and who says so.
type endedOn struct {
	addons.Installed
	on, by  string
	retired bool
}

func (e endedOn) String() string {
	if e.Tag == "" {
		return e.Addon.Title
	}
	return e.Addon.Title + " " + e.Addon.Release(e.Tag)
}

// oldest is the first of an add-on that has ended by now; false if none has.
func oldest(of []addons.Installed, now time.Time) (endedOn, bool) {
	for _, i := range of {
		if e, ok := ended(i); ok && e.on < now.Format(time.DateOnly) {
			return e, true
		}
	}
	return endedOn{}, false
}

// ended is when the add-on ended as it is installed, whether or not that day has come.
func ended(i addons.Installed) (endedOn, bool) {
	if r := i.Addon.Retired; r.Since != "" {
		return endedOn{i, r.Since, r.By, true}, true
	}
	row, ok := i.Addon.Ended(i.Tag)
	return endedOn{i, row.End, fmt.Sprintf("%s of %s, for %s", row.Origin, row.Read, row.Release), false}, ok
}

// pastEnd is one finding for all of them.
func pastEnd(severity preflight.Severity, all []endedOn) []preflight.Finding {
	if all == nil {
		return nil
	}
	f := preflight.Finding{Severity: severity, Subject: preflight.Subject{Kind: "AddOn", Name: all[0].Addon.Name}}
	var names, told, releases, retired []string
	for _, e := range all {
		names, told = append(names, e.Addon.Name), append(told, fmt.Sprintf("%s (%s)", e, e.on))
		if e.retired {
			retired = append(retired, e.Addon.Title)
		} else {
			releases = append(releases, e.Addon.Title)
		}
		f.Evidence = append(f.Evidence, preflight.Evidence{Fact: e.Fact.ID(), Path: e.Path, Value: e.Value, Note: fmt.Sprintf("%s; ended on %s, by %s", e.Where, e.on, e.by)})
	}
	f.Summary = fmt.Sprintf("%s (%s) was ended by its makers on %s: no fix of theirs comes for what an upgrade breaks in it", all[0], all[0].Where, all[0].on)
	if len(all) > 1 {
		f.Subject = preflight.Subject{Kind: "AddOns", Name: finding.NamesOf(names)}
		f.Summary = fmt.Sprintf("%d add-ons were ended by their makers, as they are installed: %s; no fix of theirs comes for what an upgrade breaks in them", len(all), words.Some(told, finding.MostAlike))
	}
	if releases != nil {
		f.Steps = f.Steps.Then("bring " + words.Some(releases, finding.MostAlike) + " to a release that the makers keep")
	}
	if retired != nil {
		f.Steps = f.Steps.Then("plan to replace "+words.Some(retired, finding.MostAlike)+", of which no release is kept: these go through it, by their class", remedy.Sh("kubectl get ingresses --all-namespaces"))
	}
	return []preflight.Finding{f}
}
