package google

import (
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// maintenance is the window in any of the shapes in which the API tells it; zero
// for none.
func maintenance(w *containerpb.MaintenanceWindow) facts.MaintenanceWindow {
	if r := w.GetRecurringWindow(); r != nil {
		return facts.MaintenanceWindow{Start: asTime(r.GetWindow().GetStartTime()), End: asTime(r.GetWindow().GetEndTime()), Recurrence: r.GetRecurrence()}
	}
	if r := w.GetRecurringMaintenanceWindow(); r != nil {
		start := time.Date(2000, 1, 1, int(r.GetWindowStartTime().GetHours()), int(r.GetWindowStartTime().GetMinutes()), 0, 0, time.UTC)
		if d := r.GetDelayUntil(); d != nil {
			start = time.Date(int(d.GetYear()), time.Month(d.GetMonth()), int(d.GetDay()), start.Hour(), start.Minute(), 0, 0, time.UTC)
		}
		return facts.MaintenanceWindow{Start: start, End: start.Add(r.GetWindowDuration().AsDuration()), Recurrence: r.GetRecurrence()}
	}
	d := w.GetDailyMaintenanceWindow()
	if d == nil {
		return facts.MaintenanceWindow{Unread: len(w.ProtoReflect().GetUnknown()) > 0}
	}
	start, err := time.Parse("15:04", d.GetStartTime())
	if err != nil {
		return facts.MaintenanceWindow{Unread: true}
	}
	start = start.AddDate(2000, 0, 0)
	return facts.MaintenanceWindow{Start: start, End: start.Add(dailyWindow), Recurrence: "FREQ=DAILY"}
}

// dailyWindow is how long a daily window lasts
// (cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions).
const dailyWindow = 4 * time.Hour
