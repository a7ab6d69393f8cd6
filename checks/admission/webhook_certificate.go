package admission

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var webhookCertificate = preflight.Check{
	ID:       "GP115",
	Name:     "webhook-certificate",
	Title:    "A webhook's certificate would not be accepted",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks},
	Uses:     []facts.Fact{facts.Attempts, facts.Services, facts.BackendWorkloads},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		_, absent := s.Absence(facts.Attempts)
		for _, w := range webhooks(s) {
			if f := bundleFinding(s, w); f != nil {
				fs = append(fs, *f)
			} else if !absent {
				if f := faultFinding(s, w, symptoms(s, w, untrusted)); f != nil {
					fs = append(fs, *f)
				}
			}
		}
		fs = append(fs, unseenCertificates(s)...)
		return append(fs, unaskedCertificates(s)...)
	},
}

// unseenCertificates leaves the question open for fail-closed webhooks where a
// port-forward did not show a certificate; once for each backend and reason.
func unseenCertificates(s *facts.Snapshot) (fs []preflight.Finding) {
	if _, ok := facts.Attempts.Get(s); !ok {
		return nil
	}
	told := map[string]bool{}
	for _, w := range webhooks(s) {
		for _, a := range facts.Attempts.Of(s) {
			unseen := w.asked(a) && a.Vantage == facts.PortForward && (a.Answer == facts.NotAsked || a.Answer == facts.CouldNotAsk)
			if k := w.target() + a.Detail; w.failClosed && unseen && !told[k] {
				told[k] = true
				fs = append(fs, preflight.Finding{
					Severity:  preflight.Warning,
					Subject:   w.subject(),
					Undecided: fmt.Sprintf("the serving certificate of %s was not seen (%s): %s", w.target(), a.Target, a.Detail),
				})
			}
		}
	}
	return fs
}

// bundleFinding is what the caBundle alone tells; nil if nothing.
func bundleFinding(s *facts.Snapshot, w webhook) *preflight.Finding {
	defect := bundleDefect(w.client.CABundle, s.Meta.Now())
	var steps remedy.Steps
	switch {
	case strings.HasPrefix(defect, "expired"):
		steps = mend(s, w, nil, "renew the CA, issue the serving certificate anew by it, and write it into caBundle", bundle, certificates, edit)
	case defect != "":
		steps = mend(s, w, nil, inject, bundle, edit)
	case len(w.client.CABundle) == 0 && w.client.Service != nil && !trusted(s, w):
		defect = fmt.Sprintf("is empty, and none of the system's roots signs certificates for %s", w.serverName())
		steps = mend(s, w, nil, inject, served, edit)
	default:
		return nil
	}
	return &preflight.Finding{
		Severity: preflight.Warning,
		Subject:  w.subject(),
		Summary:  fmt.Sprintf("caBundle %s, so no call to %s can succeed; %s", defect, w.target(), w.effect()),
		Evidence: []preflight.Evidence{{Fact: w.fact.ID(), Path: w.path + "/name", Value: w.name, Note: "caBundle " + defect}},
		Steps:    steps,
	}
}

// trusted reports whether the certificate was verified and accepted all the same.
func trusted(s *facts.Snapshot, w webhook) bool {
	attempts, _ := facts.Attempts.Get(s)
	return slices.ContainsFunc(attempts, func(a facts.Attempt) bool {
		return w.asked(a) && a.Vantage != facts.ServiceProxy && slices.Contains([]facts.Answer{facts.Allowed, facts.Denied, facts.TLSOnly}, a.Answer)
	})
}

// bundleDefect says what is wrong with a caBundle at the given time; empty if
// nothing is. An empty bundle stands for the API server's own roots.
func bundleDefect(bundle []byte, now time.Time) string {
	if len(bundle) == 0 {
		return ""
	}
	var latest time.Time
	certificates := 0
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "holds a certificate that can't be read (" + err.Error() + ")"
		}
		certificates++
		if c.NotAfter.After(latest) {
			latest = c.NotAfter
		}
	}
	switch {
	case certificates == 0:
		return "holds no PEM certificate"
	case latest.Before(now):
		return "expired on " + latest.UTC().Format(time.DateOnly)
	}
	return ""
}

// unaskedCertificates leaves the question open for fail-closed webhooks where
// nobody was asked at all.
func unaskedCertificates(s *facts.Snapshot) (fs []preflight.Finding) {
	a, absent := s.Absence(facts.Attempts)
	if !absent {
		return nil
	}
	for _, w := range webhooks(s) {
		if w.failClosed {
			fs = append(fs, preflight.Finding{
				Severity:  preflight.Warning,
				Subject:   w.subject(),
				Undecided: fmt.Sprintf("its serving certificate was not looked at: could not read attempts (%s)", a),
			})
		}
	}
	return fs
}
