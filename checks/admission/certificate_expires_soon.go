package admission

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/window"
)

var certificateDays = preflight.Threshold{Check: "GP119", Name: "days", Default: 30, Min: 1, Max: 365, What: "how long a certificate has to last where no next maintenance window is known"}

var certificateExpiresSoon = preflight.Check{
	ID:         "GP119",
	Name:       "certificate-expires-soon",
	Title:      "A webhook's certificate or CA expires soon",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks},
	Uses:       []facts.Fact{facts.Attempts, facts.GKECluster, facts.Services, facts.BackendWorkloads},
	After:      []string{"GP115"},
	Thresholds: []preflight.Threshold{certificateDays},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		until, why := window.Horizon(s, certificateDays.Of(s))
		for _, b := range trust(s) {
			if f := b.expires(s, until, why); f != nil {
				fs = append(fs, *f)
			}
		}
		return append(fs, unseenExpiries(s)...)
	},
}

// A trusting is one backend with the webhooks that call it, and how long what
// they trust is valid.
type trusting struct {
	webhooks []webhook
	serving  validity
	bundle   validity
}

// A validity is a certificate's; zero for one that was not seen.
type validity struct {
	from, until time.Time
	evidence    preflight.Evidence
}

// soon reports whether it ends by then, and nobody has renewed it though two
// thirds of its life are over, when cert-manager and kubelets do.
func (v validity) soon(now, then time.Time) bool {
	if v.until.IsZero() || !v.until.After(now) || v.until.After(then) {
		return false
	}
	return v.from.IsZero() || now.After(v.from.Add(v.until.Sub(v.from)*2/3))
}

// trust returns every backend once: the earliest end of the certificates that its
// addresses serve, and of the bundles that name it.
func trust(s *facts.Snapshot) []*trusting {
	var all []*trusting
	by := map[string]*trusting{}
	attempts, _ := facts.Attempts.Get(s)
	for _, w := range webhooks(s) {
		b := by[w.target()]
		if b == nil {
			b = &trusting{}
			by[w.target()] = b
			all = append(all, b)
		}
		b.webhooks = append(b.webhooks, w)
		b.bundle.earlier(bundleValidity(w))
		for i, a := range attempts {
			if w.asked(a) {
				b.serving.earlier(servingValidity(i, a))
			}
		}
	}
	return all
}

func (v *validity) earlier(o validity) {
	if !o.until.IsZero() && (v.until.IsZero() || o.until.Before(v.until)) {
		*v = o
	}
}

func servingValidity(i int, a facts.Attempt) (v validity) {
	v.until, _ = time.Parse(time.RFC3339, a.CertificateNotAfter)
	v.from, _ = time.Parse(time.RFC3339, a.CertificateNotBefore)
	v.evidence = preflight.Evidence{
		Fact: facts.Attempts.ID(), Path: fmt.Sprintf("/%d/certificateNotAfter", i), Value: a.CertificateNotAfter,
		Note: fmt.Sprintf("served by %s, seen from %s", a.Target, a.Vantage),
	}
	return v
}

// bundleValidity is that of the certificate of the bundle that lasts longest.
func bundleValidity(w webhook) (v validity) {
	for block, rest := pem.Decode(w.client.CABundle); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && c.NotAfter.After(v.until) {
			v.from, v.until = c.NotBefore, c.NotAfter
		}
	}
	v.evidence = preflight.Evidence{Fact: w.fact.ID(), Path: w.path + "/name", Value: w.name, Note: "the last CA of its caBundle expires on " + date(v.until)}
	return v
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// expires is the finding on b if something of it ends too early.
func (b *trusting) expires(s *facts.Snapshot, until time.Time, why string) *preflight.Finding {
	w := b.webhooks[0]
	f := &preflight.Finding{Severity: preflight.Warning, Subject: w.subject()}
	if w.client.Service != nil {
		f.Subject = preflight.Subject{Kind: "Service", Namespace: w.client.Service.Namespace, Name: w.client.Service.Name}
	}
	var says []string
	now := s.Meta.Now()
	wanted := fmt.Sprintf("; it is wanted until %s: %s", date(until), why)
	show := []command{certificates, served}
	if b.serving.soon(now, until) {
		says = append(says, "the serving certificate of "+w.target()+" expires on "+date(b.serving.until))
		b.serving.evidence.Note += wanted
		f.Evidence = append(f.Evidence, b.serving.evidence)
	}
	if b.bundle.soon(now, until) {
		says = append(says, "the CA in the caBundle for "+w.target()+" expires on "+date(b.bundle.until))
		b.bundle.evidence.Note += wanted
		f.Evidence = append(f.Evidence, b.bundle.evidence)
		show = append(show, bundle)
	}
	if says == nil {
		return nil
	}
	effect := w.effect()
	if n := slices.IndexFunc(b.webhooks, func(w webhook) bool { return w.failClosed }); n >= 0 {
		effect = b.webhooks[n].effect()
	}
	f.Summary = fmt.Sprintf("%s, and nothing has renewed it yet; from then on %s", strings.Join(says, ", and "), effect)
	f.Steps = mend(s, w, nil, "find out what should renew it and has not, and renew it", show...)
	f.Steps = mend(s, w, f.Steps, "restart the backend, if it reads it only at its start", restart)
	return f
}

// unseenExpiries leaves open what was seen of no address.
func unseenExpiries(s *facts.Snapshot) []preflight.Finding {
	var names []string
	attempts, _ := facts.Attempts.Get(s)
	for _, b := range trust(s) {
		w := b.webhooks[0]
		answers := slices.ContainsFunc(attempts, func(a facts.Attempt) bool {
			return w.asked(a) && (a.Answer == facts.Allowed || a.Answer == facts.Denied)
		})
		if _, absent := s.Absence(facts.Attempts); b.serving.until.IsZero() && (answers || absent && w.client.Service != nil) {
			names = append(names, w.target())
		}
	}
	if names == nil {
		return nil
	}
	slices.SortFunc(names, cmp.Compare)
	said := strings.Join(names[:min(3, len(names))], ", ")
	if more := len(names) - 3; more > 0 {
		said += fmt.Sprintf(" and %d more", more)
	}
	return []preflight.Finding{{
		Severity:  preflight.Warning,
		Subject:   preflight.Subject{Kind: "Webhooks", Name: "all"},
		Undecided: "when the serving certificate of " + said + " expires was not seen: it is seen through a port-forward, or from inside the cluster by --vantage pod-network",
	}}
}
