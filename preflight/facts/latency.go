package facts

import "time"

// GKELatency is how long writes to the API server and its calls of webhooks took over
// the past week, as Cloud Monitoring keeps it. It is absent where the cluster does
// not send the API server's metrics there.
var GKELatency = gke[LatencyHistory]("gke-latency", "monitoring.timeSeries.list").later()

// LatencyHistory is of all API servers of the cluster together.
type LatencyHistory struct {
	// Writes are the requests that change something, by verb
	// (prometheus.googleapis.com/apiserver_request_duration_seconds/histogram).
	Writes []LatencySeries `json:"writes,omitempty"`
	// Webhooks are the calls to webhooks, by type and name
	// (prometheus.googleapis.com/apiserver_admission_webhook_admission_duration_seconds/histogram).
	Webhooks []LatencySeries `json:"webhooks,omitempty"`
}

// LatencySeries is one verb's or one webhook's.
type LatencySeries struct {
	// Verb is such as POST; empty for a webhook.
	Verb string `json:"verb,omitempty"`
	// Webhook is the webhook's name, and Type Validating or Mutating; empty for a verb.
	Webhook string `json:"webhook,omitempty"`
	Type    string `json:"type,omitempty"`
	// Days are the oldest first; one without a call may be missing.
	Days []LatencyDay `json:"days"`
}

// LatencyDay is the 24 hours up to End.
type LatencyDay struct {
	End time.Time `json:"end"`
	Latency
}
