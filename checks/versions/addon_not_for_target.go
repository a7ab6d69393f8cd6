package versions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var addonNotForTarget = preflight.Check{
	ID:       "GP320",
	Name:     "addon-not-for-target",
	Title:    "An add-on is of a release whose makers do not list the minor of the target",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.Images},
	Uses:     []facts.Fact{facts.CustomResources},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		target, err := version.Parse(s.Meta.Target)
		if err != nil {
			return openRemovals(s, preflight.Info, "no target is known: whether add-ons are for it is not either")
		}
		minor := target.Line()
		var not, before []listedAs
		open := map[addons.Standing][]string{}
		for _, i := range slices.Concat(byAddon(slices.Concat(addons.ByImages(s), addons.ByDefinitions(s)))...) {
			if i.Addon.Retired.Since != "" {
				// Its makers list nothing any more, which GP321 tells.
				continue
			}
			standing, row := i.Addon.Stands(i.Tag, minor)
			switch standing {
			case addons.Among:
			case addons.NotAmong:
				not = with(not, listedAs{i, row, 0})
			case addons.Before:
				before = with(before, listedAs{i, row, 0})
			case addons.NewRelease, addons.NewMinor, addons.NoRow:
				open[standing] = append(open[standing], i.Addon.Title+" "+i.Addon.Release(i.Tag))
			case addons.NoList, addons.NoRelease:
				open[standing] = append(open[standing], i.Addon.Title)
			}
		}
		fs := notListed(preflight.Warning, minor, not)
		fs = append(fs, notListed(preflight.Info, minor, before)...)
		if f := notCompared(s, minor, open); f != nil {
			fs = append(fs, *f)
		}
		return fs
	},
}

// A listedAs is an add-on in its oldest release that is not listed, its row, and how many
// more images of it are not either.
type listedAs struct {
	addons.Installed
	row  addons.Listed
	more int
}

// with is all with one more, counted with that of its add-on, which come one after the other.
func with(all []listedAs, one listedAs) []listedAs {
	if n := len(all) - 1; n >= 0 && all[n].Addon.Name == one.Addon.Name {
		all[n].more++
		return all
	}
	return append(all, one)
}

func (l listedAs) String() string {
	name := l.Addon.Title + " " + l.Addon.Release(l.Tag)
	if l.more > 0 {
		name += fmt.Sprintf(" and %d newer", l.more)
	}
	return name
}

func (l listedAs) minors() string {
	switch l.row.To {
	case "":
		return l.row.From + " and newer"
	case l.row.From:
		return l.row.From
	}
	return l.row.From + " to " + l.row.To
}

// notListed is one finding for all of them: they say the same, and are tried the same way.
func notListed(severity preflight.Severity, minor string, all []listedAs) []preflight.Finding {
	if all == nil {
		return nil
	}
	f := preflight.Finding{Severity: severity, Subject: preflight.Subject{Kind: "AddOn", Name: all[0].Addon.Name}, Steps: bring(minor, all)}
	var names, told []string
	first := all[0].row.Read
	for _, l := range all {
		names, told = append(names, l.Addon.Name), append(told, fmt.Sprintf("%s (%s)", l, l.minors()))
		first = min(first, l.row.Read)
		f.Evidence = append(f.Evidence, preflight.Evidence{Fact: l.Fact.ID(), Path: l.Path, Value: l.Value,
			Note: fmt.Sprintf("%s; for %s: %s, by %s of %s", l.Where, l.row.Line(), l.minors(), l.row.Origin, l.row.Read)})
	}
	f.Summary = fmt.Sprintf("%s (%s): %s is not among the minors that its makers list, %s (read on %s); that it works there is for you to try", all[0], all[0].Where, minor, all[0].minors(), first)
	if len(all) > 1 {
		f.Subject = preflight.Subject{Kind: "AddOns", Name: finding.NamesOf(names)}
		f.Summary = fmt.Sprintf("%d add-ons are of releases for which %s is not among the minors that their makers list (read on %s or later): %s; that they work there is for you to try",
			len(all), minor, first, words.Some(told, finding.MostAlike))
	}
	return []preflight.Finding{f}
}

// bring is which releases to move to, as far as one lists the minor, and what else to do.
func bring(minor string, all []listedAs) remedy.Steps {
	var moves, rest []string
	for _, l := range all {
		if to := l.Addon.For(l.Tag, minor); to != "" {
			moves = append(moves, l.Addon.Title+" to "+to)
		} else {
			rest = append(rest, l.Addon.Title)
		}
	}
	var steps remedy.Steps
	if moves != nil {
		steps = steps.Then("before the control plane is upgraded, bring " + strings.Join(moves, ", ") + " or newer")
	}
	if rest != nil {
		steps = steps.Then("try " + strings.Join(rest, ", ") + " on a cluster of " + minor + ", or ask the makers: when their lists were read no newer release had it")
	}
	return steps
}

// notCompared is what can't be told, in one question for all; nil for none.
func notCompared(s *facts.Snapshot, minor string, open map[addons.Standing][]string) *preflight.Finding {
	var why []string
	for _, r := range []struct {
		standing addons.Standing
		because  string
	}{
		{addons.NewMinor, minor + " is newer than what was read"},
		{addons.NewRelease, "newer than what was read"},
		{addons.NoRow, "not in the list of its makers"},
		{addons.NoRelease, "no release in its image"},
		{addons.NoList, "no list of its makers was read"},
	} {
		if names := slices.Compact(open[r.standing]); names != nil {
			why = append(why, fmt.Sprintf("%s (%s)", words.Some(names, finding.MostAlike), r.because))
		}
	}
	if why == nil {
		return nil
	}
	return &preflight.Finding{Severity: preflight.Info, Subject: finding.ClusterSubject(s), Undecided: "whether makers list " + minor + " is not known of " + strings.Join(why, "; ")}
}

// byAddon are those of each add-on together, by name, the oldest release of it first and
// those that tell none last.
func byAddon(all []addons.Installed) [][]addons.Installed {
	slices.SortStableFunc(all, func(a, b addons.Installed) int {
		if c := strings.Compare(a.Addon.Name, b.Addon.Name); c != 0 {
			return c
		}
		return addons.CompareTags(a.Tag, b.Tag)
	})
	var out [][]addons.Installed
	for n, i := range all {
		if n == 0 || all[n-1].Addon.Name != i.Addon.Name {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], i)
	}
	return out
}
