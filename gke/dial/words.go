package dial

import (
	"regexp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// causes are the reasons that the API server names for a call that failed, in
// the words of net, crypto/tls, crypto/x509, net/http, the konnectivity client,
// the Service resolver and the verification of answers. The first that fits counts.
var causes = []struct {
	words  *regexp.Regexp
	answer facts.Answer
	fault  facts.Fault
}{
	{regexp.MustCompile(`TLS handshake timeout`), facts.HungBeforeTLS, ""},
	{regexp.MustCompile(`dial tcp.*(timeout|deadline exceeded|timed out)|dial timeout`), facts.ConnectTimeout, ""},
	{regexp.MustCompile(`deadline exceeded|i/o timeout|Client\.Timeout|request canceled`), facts.Hung, ""},
	{regexp.MustCompile(`no service port \d+ found`), facts.NoEndpoints, facts.NoPort},
	{regexp.MustCompile(`no endpoints available`), facts.NoEndpoints, facts.NoEndpoint},
	{regexp.MustCompile(`service "[^"]*" not found`), facts.NoEndpoints, facts.NoService},
	{regexp.MustCompile(`unable to load root certificates`), facts.BadCertificate, facts.BundleNotPEM},
	{regexp.MustCompile(`x509: .*(expired|not yet valid)`), facts.BadCertificate, facts.Expired},
	{regexp.MustCompile(`x509: .*(is valid for|not valid for any names|SANs|Common Name)`), facts.BadCertificate, facts.WrongName},
	{regexp.MustCompile(`x509: .*unknown authority`), facts.BadCertificate, facts.OtherAuthority},
	{regexp.MustCompile(`x509: `), facts.BadCertificate, ""},
	{regexp.MustCompile(`dial tcp|[Nn]o agent available`), facts.Refused, ""},
	{regexp.MustCompile(`does not look like a TLS handshake|HTTP response to HTTPS client`), facts.BadAnswer, facts.NotTLS},
	{regexp.MustCompile(`tls: `), facts.BadAnswer, facts.TLSRefused},
	{regexp.MustCompile(`EOF|connection reset|broken pipe|closed`), facts.BadAnswer, facts.Cut},
	{regexp.MustCompile(`expected response\.uid=`), facts.BadAnswer, facts.WrongUID},
	{regexp.MustCompile(`expected webhook response of|unknown conversion`), facts.BadAnswer, facts.WrongVersion},
	{regexp.MustCompile(`returned \d+ objects, expected|no objects returned|returned invalid (converted )?(object|metadata)`), facts.BadAnswer, facts.BadObjects},
	{regexp.MustCompile(`no response provided`), facts.BadAnswer, facts.NoResponse},
	{regexp.MustCompile(`webhook response was absent`), facts.BadAnswer, facts.NoResponse},
	{regexp.MustCompile(`patch`), facts.BadAnswer, facts.BadPatch},
	{regexp.MustCompile(`version/kind|invalid character|unmarshal|0-length response`), facts.BadAnswer, facts.NotReview},
}

// failed is what it means that the API server could not call the backend of q,
// in its words.
func (q *question) failed(why string) facts.Attempt {
	for _, c := range causes {
		if c.words.MatchString(why) {
			return q.Attempt(c.answer, c.fault, why)
		}
	}
	return q.Attempt(facts.BadAnswer, facts.HTTPStatus, why)
}
