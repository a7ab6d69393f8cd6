package whatif

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// mostNames is how many names of pods or lines a step shows.
const mostNames = 3

func itoa(n int) string { return strconv.Itoa(n) }

// names lists pods.
func names(ps []pod) string {
	var ns []string
	for _, p := range ps {
		ns = append(ns, p.name)
	}
	return listed(ns)
}

// listed joins names by commas and an and, and counts those beyond the first few.
func listed(ns []string) string {
	if extra := len(ns) - mostNames; extra > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(ns[:mostNames], ", "), extra)
	}
	if n := len(ns); n > 1 {
		return strings.Join(ns[:n-1], ", ") + " and " + ns[n-1]
	}
	return strings.Join(ns, "")
}

func are(ps []pod) string {
	if len(ps) == 1 {
		return "is"
	}
	return "are"
}

func go1(ps []pod) string {
	if len(ps) == 1 {
		return "goes"
	}
	return "go"
}

func them(ps []pod) string {
	if len(ps) == 1 {
		return "it"
	}
	return "them"
}

func replacement(ps []pod) string {
	if len(ps) == 1 {
		return "its replacement is"
	}
	return "their replacements are"
}

// drainOf says which nodes are drained.
func drainOf(ps []pod) string {
	var ns []string
	seen := map[string]bool{}
	for _, p := range ps {
		if !seen[p.node] {
			seen[p.node] = true
			ns = append(ns, p.node)
		}
	}
	if len(ns) == 1 {
		return "node " + ns[0] + " is drained"
	}
	return "nodes " + listed(ns) + " are drained at the same time"
}

// consequences says what fails, the hooks first.
func consequences(hs []Harm) string {
	var hooks, lines []string
	var exits string
	for _, h := range hs {
		switch {
		case h.Lifeline != "":
			lines = append(lines, h.Lifeline)
		default:
			hooks = append(hooks, h.Hook)
			if exits == "" && h.ExitsAfterSeconds != nil {
				exits = fmt.Sprintf(": a starting kube-apiserver exits after %s, over and over", h.ExitsAfterSeconds)
			}
		}
	}
	switch {
	case len(hooks) == 1:
		return hooks[0] + " fails" + exits + also(lines)
	case len(hooks) > 1:
		return listed(hooks) + " fail" + exits + also(lines)
	}
	return "the cluster loses " + listed(lines)
}

func also(lines []string) string {
	if lines == nil {
		return ""
	}
	return "; the cluster loses " + listed(lines)
}

// span is a duration for a person.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d <= 3*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}
