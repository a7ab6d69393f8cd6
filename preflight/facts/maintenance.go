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
	// Unread says that there is a window, in a form that this version can't read.
	Unread bool `json:"unread,omitempty"`
}
