package facts

import (
	"fmt"
	"slices"
	"strings"
)

// Attempts are the questions that were put to backends and what came back, one
// for each question asked or deliberately not asked. Absent if probing was left out.
var Attempts = Key[[]Attempt]{id: "attempts", access: Access{}}

// A Vantage is the place from which a backend was asked.
type Vantage string

const (
	// ServiceProxy: through the API server's services/proxy; certificates are not verified there.
	ServiceProxy Vantage = "service-proxy"
	// PodNetwork: straight to an endpoint's address, with the certificate verified as the API server does.
	PodNetwork Vantage = "pod-network"
	// PortForward: through the API server and the kubelet to a port of one Pod,
	// with the certificate verified as the API server does. It ends at the Pod's
	// localhost, so that it shows what listens there and nothing of the network
	// between the control plane and the Pod.
	PortForward Vantage = "port-forward"
	// DirectURL: straight to the URL of the webhook's clientConfig.
	DirectURL Vantage = "url"
	// ServerRead: the running API server, asked to GET something that it must call
	// the backend for. It verifies the certificate itself.
	ServerRead Vantage = "server-read"
	// ServerDryRun: the whole write with dryRun=All, through the running API server's own admission.
	ServerDryRun Vantage = "server-dry-run"
	// Evaluated: nobody was asked. It is what the API server's own code comes to for
	// objects that were read while probing: what a policy says to them, and that a webhook
	// would be sent the one that is shown, or none of them.
	Evaluated Vantage = "evaluated"
)

// An Answer is how an attempt ended. The set is closed.
type Answer string

const (
	// Allowed: a valid AdmissionReview that allows, or a dry-run that was admitted.
	Allowed Answer = "allowed"
	// Denied: a valid AdmissionReview that denies, or a dry-run that admission rejected.
	Denied Answer = "denied"
	// HungBeforeTLS: connected, but the TLS handshake did not end in time.
	HungBeforeTLS Answer = "hung-before-tls"
	// Hung: no complete answer in time. From behind the service proxy it can't
	// be told whether before or after TLS. Of a dry-run: the API server did not
	// answer in time, or gave the write up (504).
	Hung Answer = "hung"
	// ConnectTimeout: no TCP connection in time.
	ConnectTimeout Answer = "connect-timeout"
	// Refused: the connection was refused or unreachable at once.
	Refused Answer = "refused"
	// NoEndpoints: the API server knows no ready endpoint, no Service or no such port.
	NoEndpoints Answer = "no-endpoints"
	// BadCertificate: the certificate would not be accepted by the API server.
	BadCertificate Answer = "bad-certificate"
	// BadAnswer: an answer that the API server takes for a failed call: HTTP
	// error, not JSON, wrong uid or version, cut short, too large.
	BadAnswer Answer = "bad-answer"
	// TLSOnly: the handshake succeeded; nothing more was asked.
	TLSOnly Answer = "tls-ok"
	// NotAsked: nothing was sent; Detail says why.
	NotAsked Answer = "not-asked"
	// CouldNotAsk: the way to the backend failed on our side: forbidden by RBAC,
	// API server unreachable. It says nothing about the backend.
	CouldNotAsk Answer = "could-not-ask"
)

// Answers are all that there are.
func Answers() []Answer {
	return []Answer{Allowed, Denied, HungBeforeTLS, Hung, ConnectTimeout, Refused, NoEndpoints, BadCertificate, BadAnswer, TLSOnly, NotAsked, CouldNotAsk}
}

// answered is an error where v are attempts of which one ended in no known way: it would
// count as no trouble at all.
func answered(v any) error {
	attempts, _ := v.([]Attempt)
	for n, a := range attempts {
		if slices.Contains(Answers(), a.Answer) {
			continue
		}
		var known []string
		for _, k := range Answers() {
			known = append(known, string(k))
		}
		return fmt.Errorf("entry %d (%s, %s): %q is no answer: it is one of %s", n+1, a.Write, a.Vantage, a.Answer, strings.Join(known, ", "))
	}
	return nil
}

// Hangs reports whether no answer came in time, so that whoever waits for one waits for
// as long as that is allowed.
func (a Answer) Hangs() bool {
	switch a {
	case Hung, HungBeforeTLS, ConnectTimeout:
		return true
	case Allowed, Denied, Refused, NoEndpoints, BadCertificate, BadAnswer, TLSOnly, NotAsked, CouldNotAsk:
	}
	return false
}

// EndsConnection reports whether the connection does not outlive the call, so that the
// next call is over another one. What is wrong then is wrong with the endpoint, or with
// the way to it, whatever it is asked.
func (a Attempt) EndsConnection() bool {
	switch a.Answer {
	case Hung, HungBeforeTLS, ConnectTimeout, Refused, BadCertificate:
		return true
	case BadAnswer:
		return a.Fault == NotTLS || a.Fault == TLSRefused || a.Fault == Cut
	case Allowed, Denied, NoEndpoints, TLSOnly, NotAsked, CouldNotAsk:
	}
	return false
}

// A Fault says what exactly was wrong where an [Answer] covers several defects.
// The set is closed.
type Fault string

const (
	// NoService, NoPort, NoEndpoint and NoneReady are why there was nobody to ask:
	// the Service is missing, has no such port, has no endpoint, or none that is ready.
	NoService  Fault = "no-service"
	NoPort     Fault = "no-port"
	NoEndpoint Fault = "no-endpoint"
	NoneReady  Fault = "none-ready"

	// BundleNotPEM: caBundle holds no certificate that can be read.
	BundleNotPEM Fault = "ca-bundle-not-pem"
	// BundleEmpty: caBundle is empty, and the system's roots do not know the signer.
	BundleEmpty Fault = "ca-bundle-empty"
	// BundleExpired: a CA that the certificate depends on has expired.
	BundleExpired Fault = "ca-bundle-expired"
	// OtherAuthority: the certificate is signed by none of caBundle.
	OtherAuthority Fault = "other-authority"
	// WrongName: the certificate is for other names.
	WrongName Fault = "wrong-name"
	// Expired: the certificate has expired or is not yet valid.
	Expired Fault = "expired"

	// NotTLS: what came back to the TLS handshake is no TLS.
	NotTLS Fault = "not-tls"
	// TLSRefused: the backend broke off the handshake by an alert.
	TLSRefused Fault = "tls-refused"
	// Cut: the connection ended before the answer did.
	Cut Fault = "cut"
	// HTTPStatus: an HTTP status other than success.
	HTTPStatus Fault = "http-status"
	// Redirected: an HTTP redirect. The API server follows it, this tool does not.
	Redirected Fault = "redirect"
	// TooLarge: more than this tool reads.
	TooLarge Fault = "too-large"
	// NotReview: the answer can't be read as an AdmissionReview, or as a ConversionReview.
	NotReview Fault = "not-a-review"
	// WrongVersion: an AdmissionReview of another version than was asked in, or
	// a webhook that takes none that the API server sends.
	WrongVersion Fault = "wrong-version"
	// NoResponse: an AdmissionReview without a response.
	NoResponse Fault = "no-response"
	// WrongUID: an answer to another question.
	WrongUID Fault = "wrong-uid"
	// BadPatch: a patch that is none, is not allowed there or does not apply.
	BadPatch Fault = "bad-patch"

	// BadObjects: the converted objects are not as many, or not those, that were
	// to be converted, or not in the version asked for.
	BadObjects Fault = "bad-objects"

	// NotPermitted: RBAC, or another authorizer, does not let this tool ask.
	NotPermitted Fault = "forbidden"
)

// MaxPatch is how many bytes of a patch are kept.
const MaxPatch = 4 << 10

// An Attempt is one question to one backend, or one server-side dry-run.
type Attempt struct {
	// Config and Webhook name the webhook; empty for a dry-run. Type is
	// Validating or Mutating.
	Type    string `json:"type,omitempty"`
	Config  string `json:"config,omitempty"`
	Webhook string `json:"webhook,omitempty"`
	// Write is the key of the planned write that was asked about.
	Write   string  `json:"write"`
	Vantage Vantage `json:"vantage"`
	// As is the user that a dry-run was made as, or whose write a question was
	// about; empty for a question about a write of the API server itself.
	As string `json:"as,omitempty"`
	// Shown is the object of the cluster that the question was made from, in words, such
	// as "Pod shop/web-5d8c9f7b6-x2kqn, made anew as Deployment web has it"; empty where
	// it was made from none, and in recordings of earlier versions. The object itself is
	// not kept.
	Shown string `json:"shown,omitempty"`
	// Unread says why the question was made from a sketch of the object, where there may be
	// one that it could not be made from; empty where there is none, and in recordings of
	// earlier versions.
	Unread string `json:"unread,omitempty"`
	// Target is the address, URL or namespace/service:port that was asked; of a
	// port-forward, namespace/pod:port.
	Target string `json:"target,omitempty"`
	Answer Answer `json:"answer"`
	// Fault is empty where Answer says it all, and where the defect is none of these.
	Fault Fault `json:"fault,omitempty"`
	// Milliseconds from the first byte sent to the end; for a hung backend until
	// the deadline. Zero if nothing was sent.
	Milliseconds int64 `json:"ms"`
	// Status is the HTTP status, or the code of a denial; zero if there was none.
	Status int32 `json:"status,omitempty"`
	// Detail is what the backend or the API server said, sanitised and bounded.
	Detail string `json:"detail,omitempty"`
	// Patched says that a mutating webhook answered with a patch. Patch is the text of
	// that, a JSON Patch; empty where it is longer than [MaxPatch], and in recordings of
	// earlier versions.
	Patched bool   `json:"patched,omitempty"`
	Patch   string `json:"patch,omitempty"`
	// CertificateNotAfter is when the serving certificate expires, and
	// CertificateNotBefore since when it is valid, in RFC 3339; empty if not seen.
	// Recordings of older versions have the former alone.
	CertificateNotAfter  string `json:"certificateNotAfter,omitempty"`
	CertificateNotBefore string `json:"certificateNotBefore,omitempty"`
}
