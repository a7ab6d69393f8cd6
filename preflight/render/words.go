package render

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// accuse says what a culprit does to which writes of a hook, and, where that is asked
// for, how that is known.
func accuse(c forecast.Blame, whole bool) string {
	if !whole && c.Effect != forecast.Undecided && c.Answer != string(facts.Denied) {
		c.Detail = ""
	}
	of := portion(len(c.Writes), c.Of) + " of " + c.Hook
	writes := what(c.Writes)
	switch {
	case c.Effect == forecast.Undecided:
		return fmt.Sprintf("%s %s. Whether %s pass is open: %s.", full(c.Culprit), answered(c.Interception), of, writes)
	case c.Answer == string(facts.Denied):
		return fmt.Sprintf("%s denies %s: %s.%s", full(c.Culprit), of, writes, said("It said", c.Detail))
	case c.Effect != forecast.Rejects && c.Writes[0].Effect == forecast.Rejects:
		return fmt.Sprintf("%s %s. It fails open, but %s would take longer than the 34 s that a request may: %s.", full(c.Culprit), answered(c.Interception), of, writes)
	case c.Effect == forecast.Slows && c.Answer == string(facts.Allowed):
		return fmt.Sprintf("%s %s. It holds up %s: %s.", full(c.Culprit), answered(c.Interception), of, writes)
	case c.Effect == forecast.Slows:
		return fmt.Sprintf("%s %s. It fails open, so %s pass, each after the wait: %s.%s", full(c.Culprit), answered(c.Interception), of, writes, said("Seen", c.Detail))
	case c.FailurePolicy == "Fail":
		return fmt.Sprintf("%s %s. It fails closed and so rejects %s: %s.%s", full(c.Culprit), answered(c.Interception), of, writes, said("Seen", c.Detail))
	}
	return fmt.Sprintf("%s %s. It rejects %s: %s.%s", full(c.Culprit), answered(c.Interception), of, writes, said("Seen", c.Detail))
}

func portion(n, of int) string {
	switch {
	case of == 1:
		return "the only write"
	case n == of && of == 2:
		return "both writes"
	case n == of:
		return fmt.Sprintf("all %d writes", of)
	}
	return fmt.Sprintf("%d of the %d writes", n, of)
}

// full is the culprit with its kind and webhook.
func full(c admission.Culprit) string {
	s := c.Object().String()
	if c.Webhook == "" || c.Webhook == c.Name {
		return s
	}
	if c.Kind.IsPolicy() {
		return s + " (binding " + c.Webhook + ")"
	}
	return s + " (webhook " + c.Webhook + ")"
}

// answered says what came of asking, and why nothing did.
func answered(i forecast.Interception) string {
	s := strings.ReplaceAll(facts.Answer(i.Answer).Words("").Full, "{time}", milliseconds(i.Milliseconds))
	if i.Effect == forecast.Undecided && i.Detail != "" {
		s += ": " + short(i.Detail)
	}
	return s
}

// said quotes what a backend, the API server or a policy said, if anything.
func said(label, detail string) string {
	if detail == "" {
		return ""
	}
	return fmt.Sprintf(" %s: %s", label, sentence(short(detail)))
}

// sentence ends a text in a full stop, unless it was cut.
func sentence(s string) string {
	if strings.HasSuffix(s, "…") {
		return s
	}
	return strings.TrimRight(s, ".") + "."
}

// short cuts a text from the cluster to what a person reads in passing.
func short(s string) string {
	const limit = 200
	if r := []rune(s); len(r) > limit {
		return strings.TrimSpace(string(r[:limit])) + "…"
	}
	return s
}

// what names a few writes, and counts more by verb and resource.
func what(ws []forecast.Write) string {
	var parts []string
	if len(ws) <= 2 {
		for _, w := range ws {
			part := w.Verb + " " + w.Resource + " " + object(w)
			if w.Condition != "" {
				part += " (" + w.Condition + ")"
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ", ")
	}
	n := map[string]int{}
	for _, w := range ws {
		resource, _, _ := strings.Cut(w.Resource, ".")
		part := w.Verb + " of " + resource
		if n[part]++; n[part] == 1 {
			parts = append(parts, part)
		}
	}
	for i, part := range parts {
		parts[i] = fmt.Sprintf("%d %s", n[part], part)
	}
	return strings.Join(parts, ", ")
}

func object(w forecast.Write) string {
	if w.Namespace != "" {
		return w.Namespace + "/" + w.Name
	}
	return w.Name
}
