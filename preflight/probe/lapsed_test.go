package probe

import (
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// What ends between the recording and the time that it is judged for ends the calls, and
// what was admitted before proves nothing; what ended before was seen as it was.
func TestAsOf(t *testing.T) {
	seen := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		ends, judged time.Time
		lapses       bool
	}{
		"it ends since":       {seen.Add(time.Hour), seen.Add(2 * time.Hour), true},
		"it ends later":       {seen.Add(3 * time.Hour), seen.Add(2 * time.Hour), false},
		"it had ended":        {seen.Add(-time.Hour), seen.Add(2 * time.Hour), false},
		"judged when seen":    {seen.Add(time.Hour), seen, false},
		"judged for earlier":  {seen.Add(time.Hour), seen.Add(-time.Hour), false},
		"as the hour strikes": {seen.Add(time.Hour), seen.Add(time.Hour), true},
	} {
		s := AsOf(facts.New(facts.Meta{CollectedAt: seen, AsOf: c.judged}, facts.Present(facts.Attempts, []facts.Attempt{
			{Type: "Validating", Config: "opa", Webhook: "opa.example.com", Vantage: facts.ServiceProxy, Answer: facts.Allowed},
			{Type: "Validating", Config: "opa", Webhook: "opa.example.com", Vantage: facts.PortForward, Answer: facts.TLSOnly, CertificateNotAfter: c.ends.Format(time.RFC3339)},
			{Vantage: facts.ServerDryRun, Answer: facts.Allowed},
			{Vantage: facts.ServerDryRun, Answer: facts.Denied},
		})))
		all := facts.Attempts.Of(s)
		bad := all[1].Answer == facts.BadCertificate && all[1].Fault == facts.Expired
		if bad != c.lapses || len(all) == 3 != c.lapses || all[0].Answer != facts.Allowed {
			t.Errorf("%s: %+v", name, all)
		}
	}
}
