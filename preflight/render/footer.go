package render

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// footer says again what blocks or is open, and what to do about it; in the last line,
// whatever the width, the verdict with everything counted.
func (v *view) footer() error {
	v.blank()
	if first, of := v.foremost(); !v.Quiet && of != "" {
		v.label(0, first.Label, first.Text+of)
		v.cureFirst()
		v.blank()
	}
	verdict, _ := v.paint(verdictSign(v.r.Verdict).style.of(verdictWords(v.r.Verdict)), off)
	v.emit(verdict + " - " + everythingOf(v.r))
	return nil
}

// foremost is the first of what decides against an upgrade, and of how many it is; of is
// empty where nothing does.
func (v *view) foremost() (first answer, of string) {
	if v.r.Verdict == preflight.Inconclusive {
		all := reasonsOf(v.r)
		if len(all) == 0 {
			return answer{}, ""
		}
		return all[0], firstAmong(len(all), "reason")
	}
	causes := blockingOf(v.r)
	if len(causes) == 0 {
		return answer{}, ""
	}
	return causes[0], firstAmong(len(causes), "cause")
}

// firstAmong says of how many something is the first; a blank where it is the only one.
func firstAmong(n int, noun string) string {
	if n == 1 {
		return " "
	}
	return fmt.Sprintf(" (the first of %d %ss)", n, noun)
}

// everythingOf counts all that a report holds.
func everythingOf(r preflight.Report) string {
	n := count(r)
	counts := []string{blockersOf(r), words.Count(n.warnings, "warning"), fmt.Sprintf("%d undecided", n.undecided)}
	if n.infos > 0 {
		counts = append(counts, fmt.Sprintf("%d info", n.infos))
	}
	if n.waived > 0 {
		counts = append(counts, fmt.Sprintf("%d waived", n.waived))
	}
	if n.accepted > 0 {
		counts = append(counts, words.Count(n.accepted, "open question")+" waived")
	}
	if len(r.Skipped) > 0 {
		counts = append(counts, fmt.Sprintf("%d skipped", len(r.Skipped)))
	}
	seen := fmt.Sprintf("%s, %s, %d absent", words.Count(len(r.Checks), "check"), words.Count(len(r.Facts), "fact"), n.absent)
	if n.leftOut > 0 {
		seen += fmt.Sprintf(", %d left out", n.leftOut)
	}
	return fmt.Sprintf("%s (%s)", strings.Join(counts, ", "), seen)
}

// blockersOf counts the blockers, and what they come from.
func blockersOf(r preflight.Report) string {
	if causes := len(blockingOf(r)); causes > 0 {
		return words.Count(causes, "cause") + ", " + words.Count(count(r).blockers, "blocker")
	}
	return words.Count(0, "blocker")
}
