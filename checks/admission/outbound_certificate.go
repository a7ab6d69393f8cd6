package admission

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// outboundDays is how long before its expiry a certificate that renews itself has
// been renewed: cert-manager does so after two thirds of 90 days, controllers that
// sign their own have left at least this.
var outboundDays = preflight.Threshold{Check: "GP143", Name: "days", Default: 7, Min: 1, Max: 365, What: "how long before its expiry a certificate is told"}

var outboundCertificate = preflight.Check{
	ID:         "GP143",
	Name:       "outbound-certificate",
	Title:      "The certificate of a converter or an aggregated API expires soon, or is not verified",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	After:      []string{"GP141", "GP142"},
	Needs:      []facts.Fact{facts.Conversions, facts.APIServices, facts.OutboundAttempts},
	Thresholds: []preflight.Threshold{outboundDays},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		var expiring []callee
		for _, k := range append(converters(s), aggregatedAPIs(s)...) {
			if a := k.expiring(s); a != nil && len(k.failed()) == 0 {
				expiring = append(expiring, k)
			}
		}
		for _, g := range grouped(expiring, callee.target) {
			a := g[0].expiring(s)
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  g[0].subject(),
				Summary:  fmt.Sprintf("the certificate of %s expires on %s; from then on the API server's calls for %s fail", g[0].target(), a.CertificateNotAfter, named(g)),
				Evidence: []preflight.Evidence{{Fact: facts.OutboundAttempts.ID(), Path: a.path + "/certificateNotAfter", Value: a.CertificateNotAfter, Note: "seen at " + a.Target}},
				Steps:    remedy.Do("renew it, and see why it was not renewed by itself", g[0].lookAt()...),
			})
		}
		return append(fs, unverified(s)...)
	},
}

// expiring is the attempt that saw a certificate that expires soon, nil if none did.
func (k callee) expiring(s *facts.Snapshot) *tried {
	i := slices.IndexFunc(k.tried, func(a tried) bool {
		t, err := time.Parse(time.RFC3339, a.CertificateNotAfter)
		return err == nil && t.Before(s.Meta.Now().Add(outboundDays.Duration(s)))
	})
	if i < 0 {
		return nil
	}
	return &k.tried[i]
}

// unverified are the APIServices whose backend anybody on the way could be.
func unverified(s *facts.Snapshot) (fs []preflight.Finding) {
	for i, a := range facts.APIServices.Of(s) {
		k := callee{service: a.Service, kind: "APIService", name: a.Name}
		if !a.InsecureSkipTLSVerify || a.Service == "" || k.provided() {
			continue
		}
		fs = append(fs, preflight.Finding{
			Severity: preflight.Info,
			Subject:  k.subject(),
			Summary:  fmt.Sprintf("insecureSkipTLSVerify: the API server does not verify who answers for %s; whoever answers in its place is believed", k.target()),
			Evidence: []preflight.Evidence{{Fact: facts.APIServices.ID(), Path: fmt.Sprintf("/%d/insecureSkipTLSVerify", i), Value: true}},
			Steps:    remedy.Do("write the CA of its certificate into caBundle and take insecureSkipTLSVerify out", remedy.Sh("kubectl edit apiservice %s", a.Name)),
		})
	}
	return fs
}
