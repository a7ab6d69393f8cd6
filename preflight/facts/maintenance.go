package facts

import "time"

// MaintenanceWindow is when GKE may upgrade by itself: once from Start to End,
// and again as Recurrence says. An upgrade by hand does not wait for it.
type MaintenanceWindow struct {
	// Start and End are those of the first window, or of one of them.
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// Recurrence is a rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=SA,SU.
	Recurrence string `json:"recurrence,omitempty"`
}

// UpgradeSettings say how many nodes of a pool an upgrade takes at a time. The
// zero value means that the API told none.
type UpgradeSettings struct {
	// Strategy is SURGE, BLUE_GREEN or another that the API knows; empty means SURGE.
	Strategy string `json:"strategy,omitempty"`
	// MaxSurge nodes are added first; as many and MaxUnavailable more are then
	// replaced at the same time.
	MaxSurge       int32 `json:"maxSurge,omitempty"`
	MaxUnavailable int32 `json:"maxUnavailable,omitempty"`
	// BatchNodes or BatchShare, of 1 for all, is what a blue-green upgrade drains
	// at a time; both are zero where that is not told.
	BatchNodes int32   `json:"batchNodes,omitempty"`
	BatchShare float32 `json:"batchShare,omitempty"`
	// DrainSeconds is how long a drain waits for disruption budgets; zero means
	// an hour.
	DrainSeconds int64 `json:"drainSeconds,omitempty"`
}
