package checks

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var webhookCertificate = preflight.Check{
	ID:       "GP115",
	Name:     "webhook-certificate",
	Title:    "A webhook's certificate would not be accepted",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks},
	Uses:     []facts.Fact{facts.Attempts, facts.Services},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			if defect := bundleDefect(w.client.CABundle, s.Meta.CollectedAt); defect != "" {
				fs = append(fs, preflight.Finding{
					Severity: preflight.Warning,
					Subject:  w.subject(),
					Summary:  fmt.Sprintf("caBundle %s, so no call to %s can succeed; %s", defect, w.target(), w.effect()),
					Evidence: []preflight.Evidence{{Fact: w.fact.ID(), Path: w.path + "/name", Value: w.name, Note: "caBundle " + defect}},
					Remedy:   fmt.Sprintf("write the CA that signed the serving certificate into caBundle, or let what injects it (such as cert-manager's cainjector) run:\nkubectl edit %s %s", w.resource(), w.config),
				})
				continue
			}
			if _, ok := facts.Attempts.Get(s); !ok {
				continue
			}
			if as, paths := answered(s, w, facts.BadCertificate); len(as) > 0 {
				fs = append(fs, attemptFinding(w, as, paths,
					fmt.Sprintf("the certificate of %s would not be accepted (%s); %s", share(s, w, as), as[0].Detail, w.effect()),
					"renew the serving certificate for the name the API server asks for, or put the CA that signed it into caBundle:\n"+lookAtPods(s, w)))
			}
		}
		fs = append(fs, unseenCertificates(s)...)
		return append(fs, unaskedCertificates(s)...)
	},
}

// share is the backend of w, or how many of its Pods it is about where others
// have a certificate that would be accepted.
func share(s *facts.Snapshot, w webhook, bad []facts.Attempt) string {
	pods := map[string]bool{}
	for _, a := range bad {
		pods[a.Target] = true
	}
	n := len(pods)
	good, _ := answered(s, w, facts.TLSOnly, facts.Allowed, facts.Denied)
	for _, a := range good {
		if a.Vantage == facts.PodNetwork || a.Vantage == facts.PortForward {
			pods[a.Target] = true
		}
	}
	if len(pods) == n {
		return w.target()
	}
	return fmt.Sprintf("%d of %d Pods of %s", n, len(pods), w.target())
}

// unseenCertificates leaves the question open for fail-closed webhooks where a
// port-forward did not show a certificate; once for each backend and reason.
func unseenCertificates(s *facts.Snapshot) (fs []preflight.Finding) {
	if _, ok := facts.Attempts.Get(s); !ok {
		return nil
	}
	told := map[string]bool{}
	for _, w := range webhooks(s) {
		as, _ := answered(s, w, facts.NotAsked, facts.CouldNotAsk)
		for _, a := range as {
			if k := w.target() + a.Detail; w.failClosed && a.Vantage == facts.PortForward && !told[k] {
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
