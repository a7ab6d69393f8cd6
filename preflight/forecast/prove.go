package forecast

import (
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// prove notes the webhooks that an admitted dry-run went through, and what for. A
// webhook whose failurePolicy is Ignore may have failed on the way, so it is not
// proven. What a webhook says to one user says nothing of another.
func (c *caller) prove(w bootstrap.Write, by []admission.Interception) {
	for _, a := range c.dryRuns[w.Key()] {
		if a.Answer != facts.Allowed {
			continue
		}
		for _, i := range by {
			if c.unapplied(i.Culprit()) {
				continue
			}
			if i.Fails && (a.As == w.User.Name || !i.UserDependent) {
				c.proven[i.Culprit()] = true
			}
			if i.Fails && a.As == w.User.Name {
				c.admitted[admittance(i, w)] = true
			}
		}
	}
}

// admitted is who let which group of writes of which user pass.
type admitted struct {
	admission.Culprit
	group, user string
}

func admittance(i admission.Interception, w bootstrap.Write) admitted {
	return admitted{i.Culprit(), groupOf(w), w.User.Name}
}
