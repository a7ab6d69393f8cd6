package probe

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// AsOf returns s without the evidence that has lapsed since it was seen, by the time that
// it is judged for: where a serving certificate or all of a caBundle has ended, the call
// ends in the handshake, and what was admitted through it before is no proof any more.
func AsOf(s *facts.Snapshot) *facts.Snapshot {
	attempts, ok := facts.Attempts.Get(s)
	if !ok || !s.Meta.Now().After(s.Meta.CollectedAt) {
		return s
	}
	bundles := bundlesEnded(s)
	lapsed := map[admission.Culprit]bool{}
	now := make([]facts.Attempt, len(attempts))
	for n, a := range attempts {
		now[n] = a
		k := admission.CulpritOf(a)
		fault, end := facts.BundleExpired, bundles[k]
		if end.IsZero() {
			fault, end = facts.Expired, endedSince(s, a.CertificateNotAfter)
		}
		if end.IsZero() || a.Vantage == facts.ServerDryRun || a.Vantage == facts.Evaluated || !reached(a.Answer) {
			continue
		}
		lapsed[k] = true
		now[n].Answer, now[n].Fault, now[n].Status, now[n].Patched, now[n].Patch = facts.BadCertificate, fault, 0, false, ""
		now[n].Detail = fmt.Sprintf("it ended on %s, after this was seen", end.UTC().Format(time.DateOnly))
	}
	if len(lapsed) == 0 {
		return s
	}
	now = slices.DeleteFunc(now, func(a facts.Attempt) bool { return a.Vantage == facts.ServerDryRun && a.Answer == facts.Allowed })
	return s.With(facts.Present(facts.Attempts, now))
}

// reached reports whether the handshake came about, or was not looked at.
func reached(a facts.Answer) bool {
	switch a {
	case facts.Allowed, facts.Denied, facts.BadAnswer, facts.Hung, facts.TLSOnly:
		return true
	case facts.NotAsked, facts.CouldNotAsk, facts.HungBeforeTLS, facts.ConnectTimeout, facts.Refused, facts.NoEndpoints, facts.BadCertificate:
	}
	return false
}

// endedSince is the time, in RFC 3339, if it lies between when s was seen and when it is
// judged for; zero otherwise.
func endedSince(s *facts.Snapshot, text string) time.Time {
	end, err := time.Parse(time.RFC3339, text)
	if err != nil || !end.After(s.Meta.CollectedAt) || end.After(s.Meta.Now()) {
		return time.Time{}
	}
	return end
}

// bundlesEnded are the webhooks of whose caBundle the last certificate has ended since,
// and when.
func bundlesEnded(s *facts.Snapshot) map[admission.Culprit]time.Time {
	ended := map[admission.Culprit]time.Time{}
	note := func(kind admission.Kind, config, webhook string, c admissionregistrationv1.WebhookClientConfig) {
		if end := endedSince(s, lastEnd(c.CABundle).Format(time.RFC3339)); !end.IsZero() {
			ended[admission.Culprit{Kind: kind, Name: config, Webhook: webhook}] = end
		}
	}
	validating, _ := facts.ValidatingWebhooks.Get(s)
	for _, c := range validating {
		for _, w := range c.Webhooks {
			note(admission.ValidatingWebhook, c.Name, w.Name, w.ClientConfig)
		}
	}
	mutating, _ := facts.MutatingWebhooks.Get(s)
	for _, c := range mutating {
		for _, w := range c.Webhooks {
			note(admission.MutatingWebhook, c.Name, w.Name, w.ClientConfig)
		}
	}
	return ended
}

// lastEnd is when the last certificate of a bundle ends; zero if it has none.
func lastEnd(bundle []byte) (last time.Time) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	return last
}
