package dial

import (
	"strings"
	"testing"
)

// TestWords has what API servers of 1.35 and 1.36 say of calls that failed.
func TestWords(t *testing.T) {
	const post = `failed to call webhook: Post "https://opa.opa.svc:443/?timeout=10s": `
	for said, want := range map[string]string{
		post + `context deadline exceeded`:                                                                                 "hung",
		post + `net/http: TLS handshake timeout`:                                                                           "hung-before-tls",
		post + `dial tcp 10.0.0.1:8443: i/o timeout`:                                                                       "connect-timeout",
		post + `dial timeout, backstop`:                                                                                    "connect-timeout",
		post + `dial tcp 10.0.0.1:8443: connect: connection refused`:                                                       "refused",
		post + `No agent available`:                                                                                        "refused",
		post + `no endpoints available for service "opa"`:                                                                  "no-endpoints no-endpoint",
		post + `no service port 443 found for service "opa"`:                                                               "no-endpoints no-port",
		post + `service "opa" not found`:                                                                                   "no-endpoints no-service",
		`could not get REST client: unable to load root certificates: unable to parse bytes as PEM block`:                  "bad-certificate ca-bundle-not-pem",
		post + `tls: failed to verify certificate: x509: certificate is valid for a.opa.svc, not opa.opa.svc`:              "bad-certificate wrong-name",
		post + `tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead`: "bad-certificate wrong-name",
		post + `tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23 is after 2026-01-01`: "bad-certificate expired",
		post + `tls: failed to verify certificate: x509: certificate signed by unknown authority`:                                                  "bad-certificate other-authority",
		post + `tls: failed to verify certificate: x509: certificate specifies an incompatible key usage`:                                          "bad-certificate",
		post + `tls: first record does not look like a TLS handshake`:                                                                              "bad-answer not-tls",
		post + `http: server gave HTTP response to HTTPS client`:                                                                                   "bad-answer not-tls",
		post + `remote error: tls: handshake failure`:                                                                                              "bad-answer tls-refused",
		post + `EOF`: "bad-answer cut",
		`failed to call webhook: the server could not find the requested resource`:                                                  "bad-answer http-status",
		`failed to call webhook: an error on the server ("Internal Server Error") has prevented the request from succeeding`:        "bad-answer http-status",
		`failed to call webhook: couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value`: "bad-answer not-a-review",
		`received invalid webhook response: expected response.uid="a", got "b"`:                                                     "bad-answer wrong-uid",
		`received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=`:   "bad-answer wrong-version",
		`failed to call webhook: converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion`:                  "bad-answer wrong-version",
		`received invalid webhook response: webhook response was absent`:                                                            "bad-answer no-response",
		`received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch`:       "bad-answer bad-patch",
	} {
		b := backend{address: "127.0.0.1:1"}
		q := &question{Request: &planFor(t, b, clusterRole("a"))[0]}
		a := q.failed(said)
		if got := strings.TrimSpace(string(a.Answer) + " " + string(a.Fault)); got != want || a.Detail != said {
			t.Errorf("%s: %s, not %s", said, got, want)
		}
	}
	if w, why, ok := blockedBy(`Internal error occurred: failed calling webhook "opa.example.com": failed to call webhook: EOF`); w != "opa.example.com" || why != "failed to call webhook: EOF" || !ok {
		t.Errorf("%q %q %v", w, why, ok)
	}
	if _, _, ok := blockedBy(`admission webhook "opa.example.com" denied the request`); ok {
		t.Error("a denial is no failed call")
	}
}
