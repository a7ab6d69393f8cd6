package facts

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
	// DirectURL: straight to the URL of the webhook's clientConfig.
	DirectURL Vantage = "url"
	// ServerDryRun: the whole write with dryRun=All, through the running API server's own admission.
	ServerDryRun Vantage = "server-dry-run"
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
	// be told whether before or after TLS.
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
	// error, redirect, not JSON, wrong uid or version, cut short, too large.
	BadAnswer Answer = "bad-answer"
	// TLSOnly: the handshake succeeded; nothing more was asked.
	TLSOnly Answer = "tls-ok"
	// NotAsked: nothing was sent; Detail says why.
	NotAsked Answer = "not-asked"
	// CouldNotAsk: the way to the backend failed on our side: forbidden by RBAC,
	// API server unreachable. It says nothing about the backend.
	CouldNotAsk Answer = "could-not-ask"
)

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
	// As is the user that a dry-run was made as; empty for other vantages.
	As string `json:"as,omitempty"`
	// Target is the address, URL or namespace/service:port that was asked.
	Target string `json:"target,omitempty"`
	Answer Answer `json:"answer"`
	// Milliseconds from the first byte sent to the end; for a hung backend until
	// the deadline. Zero if nothing was sent.
	Milliseconds int64 `json:"ms"`
	// Status is the HTTP status, or the code of a denial; zero if there was none.
	Status int32 `json:"status,omitempty"`
	// Detail is what the backend or the API server said, sanitised and bounded.
	Detail string `json:"detail,omitempty"`
	// Patched says that a mutating webhook answered with a patch.
	Patched bool `json:"patched,omitempty"`
	// CertificateNotAfter is when the serving certificate expires, in RFC 3339; empty if not seen.
	CertificateNotAfter string `json:"certificateNotAfter,omitempty"`
}
