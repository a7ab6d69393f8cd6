package admission

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var conversionWebhookFails = preflight.Check{
	ID:       "GP141",
	Name:     "conversion-webhook-fails",
	Title:    "Custom resources can't be converted between their versions",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.Conversions, facts.OutboundAttempts},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		var broken []callee
		all := converters(s)
		for _, k := range all {
			if len(k.failed()) > 0 {
				broken = append(broken, k)
			}
		}
		for _, g := range grouped(broken, callee.root) {
			worst := g[0].failed()[0]
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  g[0].subject(),
				Summary: fmt.Sprintf("%s %s; objects of %s can't be read or written where that takes a conversion, and whoever watches them stalls",
					g[0].target(), worst.fault(), named(g)),
				Evidence: failedEvidence(g),
				Steps:    remedy.Do("bring the converter back before the upgrade, as controllers that restart read everything anew", g[0].lookAt()...),
			})
		}
		return append(fs, unaskedCallees(all)...)
	},
}

// root is the same for callees that one defect explains: that of a backend which
// can't be called explains all that it serves, a wrong answer only itself.
func (k callee) root() string {
	if a := k.failed()[0].Answer; a == facts.BadAnswer || a == facts.Denied {
		return "of " + k.name
	}
	return k.target()
}
