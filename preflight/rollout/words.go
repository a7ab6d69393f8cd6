package rollout

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// Range is how long it takes, such as "18 minutes to 9 hours", and what makes it as long as
// that, where it is evictions; why that is not known, where it is not.
func (e Estimate) Range() string {
	switch {
	case e.Unknown != "":
		return "not known: " + e.Unknown
	case e.Held != "":
		return fmt.Sprintf("up to %s, as drains that are denied their evictions by %s last up to their limit", Words(e.Most), e.Held)
	case e.HeldPerhaps:
		return fmt.Sprintf("%s to %s, the longer where evictions are rejected, which is open", Words(e.Least), Words(e.Most))
	case e.Least == e.Most:
		return Words(e.Least)
	}
	return Words(e.Least) + " to " + Words(e.Most)
}

// How is the arithmetic of the range, such as "9 nodes, 1 at a time: 9 rounds of 2 minutes,
// and of drains of up to an hour"; empty where there is no range.
func (e Estimate) How() string {
	if e.Unknown != "" {
		return ""
	}
	text := fmt.Sprintf("%s, %d at a time", words.Count(e.Nodes, "node"), e.AtOnce)
	if e.Preset {
		text += " as is usual: its settings were not seen"
	}
	if e.Strategy == "BLUE_GREEN" {
		text = fmt.Sprintf("blue-green: %s: %s for the new ones, %s of soaking in all, and %s of drains of up to %s", text, Words(e.Node), Words(e.Soak), words.Count(e.Rounds, "round"), Words(e.Drain))
		if e.Cordon > 0 {
			text += fmt.Sprintf(", and up to %s for the autoscaler to empty the old ones", Words(e.Cordon))
		}
		return text
	}
	return fmt.Sprintf("%s: %s of %s, each with drains of up to %s", text, words.Count(e.Rounds, "round"), Words(e.Node), Words(e.Drain))
}

// Words is a number of seconds for a person.
func Words(seconds int64) string { return words.Age(time.Duration(seconds) * time.Second) }
