package facts

// APIServerMetrics is what the API server that was asked tells of itself at
// /metrics. On a regional cluster it is one replica of several, and tells of the
// requests that it served since it started.
var APIServerMetrics = kubernetes[Metrics]("api-server-metrics", getURL("/metrics")).later()

// Metrics are those of one API server, counted since its start.
type Metrics struct {
	// StartedAt is when the process started, in RFC 3339; empty if it does not say.
	StartedAt string `json:"startedAt,omitempty"`
	// Webhooks are those that were called, by type and name.
	Webhooks []WebhookCalls `json:"webhooks,omitempty"`
	// Writes are the requests that change something, by verb and resource.
	Writes []WriteLatency `json:"writes,omitempty"`
	// Deprecated are the deprecated APIs that were asked for.
	Deprecated []DeprecatedRequest `json:"deprecated,omitempty"`
}

// WebhookCalls are the calls to one webhook (k8s.io/apiserver
// pkg/admission/metrics/metrics.go, webhook_admission_duration_seconds,
// webhook_rejection_count and webhook_fail_open_count).
type WebhookCalls struct {
	// Webhook is the webhook's name; the configuration is not told.
	Webhook string `json:"webhook"`
	// Type is Validating or Mutating.
	Type    string  `json:"type"`
	Latency Latency `json:"latency"`
	// Denials are the requests that it denied, Errors those that were rejected
	// because it could not be called, FailedOpen those that passed all the same.
	Denials    int64 `json:"denials,omitempty"`
	Errors     int64 `json:"errors,omitempty"`
	FailedOpen int64 `json:"failedOpen,omitempty"`
}

// Latency is how long calls took, as far as a histogram's buckets tell.
type Latency struct {
	Count int64 `json:"count"`
	// HalfOver and OneInHundredOver are seconds that at least every second and at
	// least one in a hundred took longer than: lower bounds of buckets. Zero says
	// no more than that the fastest bucket is not left.
	HalfOver         float64 `json:"halfOver,omitempty"`
	OneInHundredOver float64 `json:"oneInHundredOver,omitempty"`
}

// WriteLatency is how long requests of one kind took (k8s.io/apiserver
// pkg/endpoints/metrics/metrics.go, request_duration_seconds).
type WriteLatency struct {
	Verb     string  `json:"verb"`
	Group    string  `json:"group,omitempty"`
	Resource string  `json:"resource"`
	Latency  Latency `json:"latency"`
}

// DeprecatedRequest is an API that was asked for and that a minor removes
// (k8s.io/apiserver pkg/endpoints/metrics/metrics.go, requested_deprecated_apis).
type DeprecatedRequest struct {
	Group    string `json:"group,omitempty"`
	Version  string `json:"version"`
	Resource string `json:"resource"`
	// RemovedIn is such as 1.32; empty if no minor is set.
	RemovedIn string `json:"removedIn,omitempty"`
}
