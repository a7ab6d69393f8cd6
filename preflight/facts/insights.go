package facts

import "time"

// GKEInsights are the active insights of type google.container.DiagnosisInsight
// that Recommender has on the cluster, by subtype and name. They are optional: no
// verdict rests on them.
var GKEInsights = gke[[]Insight]("gke-insights", "recommender.containerDiagnosisInsights.list").later()

// Insight is what Google noticed about the cluster, at most about once a day.
type Insight struct {
	// Name is the last part of the insight's name.
	Name string `json:"name"`
	// Subtype is such as K8S_ADMISSION_WEBHOOK_UNSAFE.
	Subtype     string `json:"subtype"`
	Description string `json:"description,omitempty"`
	// Severity is LOW, MEDIUM, HIGH, CRITICAL, or as the API writes it.
	Severity string `json:"severity"`
	// Refreshed is the time of the newest data behind it; zero where that is not told.
	Refreshed time.Time `json:"refreshed,omitzero"`
}
