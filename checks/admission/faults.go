package admission

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A defect is one thing that may be wrong with a webhook's backend.
type defect struct {
	answer facts.Answer
	// fault is empty where the answer says it all, and for what is none of the others.
	fault facts.Fault
	// cure is a step, and commands take it.
	cure     string
	commands []command
}

func (d defect) words() facts.Wording { return d.answer.Words(d.fault) }

// silences, misanswers and untrusted are the defects that GP113, GP114 and GP115
// name. The first that fits an attempt is meant.
var (
	silences = []defect{
		{facts.Refused, "",
			"start the backend, let it listen on all addresses instead of localhost alone, or correct the port (of a Service, its targetPort), as nothing listens there", []command{pods, service, logs}},
		{facts.ConnectTimeout, "",
			"look for a NetworkPolicy or firewall rule that does not let the control plane to the pod's own port, and for a node that is gone, as packets get lost on the way", []command{pods, policies, firewall}},
		{facts.HungBeforeTLS, "",
			"restart it, as the process is stuck or starved, and give it a liveness probe that makes a TLS handshake (httpGet with scheme HTTPS, on the same port)", []command{restart, pods}},
		{facts.Hung, facts.HTTPStatus,
			"see why it says that it is overloaded or not ready, and give it more replicas, as each call costs its whole timeout meanwhile", []command{logs, pods}},
		{facts.Hung, "",
			"see what it waits for when it handles a review (its own lookups, another service, a lock, CPU), restart it, and give it a liveness probe that asks what the API server asks", []command{logs, restart}},
	}
	misanswers = []defect{
		{facts.CouldNotAsk, facts.Redirected, reroute, []command{edit, service}},
		{facts.BadAnswer, facts.Redirected, reroute, []command{edit, service}},
		{facts.BadAnswer, facts.HTTPStatus,
			"see in its logs why it fails; if the path is not its own, correct clientConfig", []command{logs, edit}},
		{facts.BadAnswer, facts.TooLarge,
			"see what answers there, and let clientConfig name the path that answers reviews; an API server that reads it all runs out of memory or into the timeout", []command{logs, edit}},
		{facts.CouldNotAsk, facts.TooLarge,
			"update or correct the backend: the API server applies it all, however long that takes", []command{logs}},
		{facts.BadAnswer, facts.NotReview,
			"see what answers there: an ingress, a sidecar, a health or metrics port; then let clientConfig name the path and port that answer reviews", []command{service, edit}},
		{facts.BadAnswer, facts.WrongVersion,
			"let admissionReviewVersions name a version that the backend speaks, v1 or v1beta1, or update the backend to v1", []command{edit}},
		{facts.BadAnswer, facts.NoResponse,
			"update or correct the backend: it has to fill in response, with uid and allowed; one that sends the request back as it came looks like this", []command{logs}},
		{facts.BadAnswer, facts.WrongUID,
			"update or correct the backend: response.uid has to be request.uid; a cache or proxy that repeats answers looks like this", []command{logs}},
		{facts.Denied, facts.BadPatch,
			"update or correct the backend: an add into a map that is not there has to add the map first, a remove needs something to remove", []command{logs}},
		{facts.BadAnswer, facts.BadPatch,
			"update or correct the backend: patch has to be a JSON patch in base64, with patchType JSONPatch, and only a mutating webhook may send one", []command{logs}},
		{facts.BadAnswer, facts.Cut,
			"see whether it crashes or is killed while it answers, or whether a proxy before it gives up first", []command{pods, lastWords}},
		{facts.BadAnswer, facts.NotTLS,
			"let clientConfig name the port that speaks HTTPS, or have the backend serve it with the certificate that it has", []command{service, edit}},
		{facts.BadAnswer, facts.TLSRefused,
			"let the backend take TLS 1.2 or later without a client certificate: the API server shows none unless it is told to; a service mesh that demands one has to leave this port alone", []command{logs, served}},
		{facts.BadAnswer, "",
			"look at what the backend logs, and whether clientConfig names the right path and port", []command{logs, edit}},
	}
	untrusted = []defect{
		{facts.BadCertificate, facts.WrongName,
			"issue its certificate for the name that the API server asks for, {name}, as {kind} (subjectAltName)", []command{served, certificates}},
		{facts.BadCertificate, facts.Expired,
			"renew its certificate, and restart the backend if it reads it only at its start", []command{certificates, restart}},
		{facts.BadCertificate, facts.OtherAuthority,
			"write the CA that has signed it into caBundle, or let what injects it (such as cert-manager's cainjector) do so; these are the signer and the bundle", []command{served, bundle}},
		{facts.BadCertificate, facts.BundleEmpty, inject, []command{served, edit}},
		{facts.BadCertificate, facts.BundleNotPEM, inject, []command{bundle, edit}},
		{facts.BadCertificate, facts.BundleExpired,
			"renew the CA, issue the serving certificate anew by it, and write it into caBundle", []command{bundle, certificates}},
		{facts.BadCertificate, "",
			"look at the certificate, and at the CA that should have signed it", []command{served, bundle}},
	}
)

const (
	reroute = "let clientConfig name the place itself, scheme, path and trailing slash included, and no login or ingress before it: some redirects drop the review on the way"
	inject  = "write the CA that signed the serving certificate into caBundle, or let what injects it (such as cert-manager's cainjector) run"
)

// A symptom is a defect with the attempts that show it.
type symptom struct {
	defect
	attempts []facts.Attempt
	paths    []string
}

// symptoms sorts the attempts on w by the defects that they show, in the order
// of their first attempts.
func symptoms(s *facts.Snapshot, w webhook, among []defect) []symptom {
	var found []symptom
	for i, a := range facts.Attempts.Of(s) {
		if !w.asked(a) {
			continue
		}
		n := slices.IndexFunc(among, func(d defect) bool { return d.answer == a.Answer && (d.fault == a.Fault || d.fault == "") })
		if n < 0 {
			continue
		}
		d := among[n]
		k := slices.IndexFunc(found, func(y symptom) bool { return y.words().Defect == d.words().Defect })
		if k < 0 {
			k = len(found)
			found = append(found, symptom{defect: d})
		}
		found[k].attempts = append(found[k].attempts, a)
		found[k].paths = append(found[k].paths, "/"+strconv.Itoa(i))
	}
	return found
}

// faultFinding is the finding on w for all that ys show; nil if they show nothing.
func faultFinding(s *facts.Snapshot, w webhook, ys []symptom) *preflight.Finding {
	if len(ys) == 0 {
		return nil
	}
	f := &preflight.Finding{Severity: preflight.Warning, Subject: w.subject()}
	var says []string
	partly := false
	name := strings.NewReplacer("{name}", w.serverName(), "{kind}", nameKind(w.serverName()))
	for _, y := range ys {
		at := elsewhere(s, w, y)
		partly = partly || at != ""
		says = append(says, y.attempts[0].Defect(y.words())+at)
		f.Steps = mend(s, w, f.Steps, name.Replace(y.cure), y.commands...)
		for i, a := range y.attempts[:min(len(y.attempts), 5)] {
			f.Evidence = append(f.Evidence, attemptEvidence(a, y.paths[i]))
		}
	}
	f.Summary = fmt.Sprintf("%s %s; %s", w.target(), strings.Join(says, ", and "), effectOf(w, ys[0], partly))
	return f
}

// nameKind is what a certificate has to hold the name as.
func nameKind(name string) string {
	if isAddress(name) {
		return "an IP address"
	}
	return "a DNS name"
}

// elsewhere names the addresses that show y, if others of the same webhook do not.
func elsewhere(s *facts.Snapshot, w webhook, y symptom) string {
	bad, good := map[string]bool{}, false
	var names []string
	for _, a := range y.attempts {
		if !bad[a.Target] {
			names = append(names, a.Target)
		}
		bad[a.Target] = true
	}
	from := y.attempts[0].Vantage
	for _, a := range facts.Attempts.Of(s) {
		good = good || w.asked(a) && a.Vantage == from && a.Answer != facts.NotAsked && a.Answer != facts.CouldNotAsk && !bad[a.Target]
	}
	if !good {
		return ""
	}
	return " at " + strings.Join(names, ", ")
}

// effectOf says what the symptom does to requests.
func effectOf(w webhook, y symptom, partly bool) string {
	switch {
	case y.answer == facts.Denied:
		return "that rejects the request whatever the failurePolicy"
	case y.answer == facts.CouldNotAsk, y.fault == facts.TooLarge:
		return "what comes of that can't be told from here"
	case partly && w.failClosed:
		return "failurePolicy Fail rejects the requests that go there"
	case partly:
		return "failurePolicy Ignore lets the requests that go there pass unseen"
	}
	return w.effect()
}
