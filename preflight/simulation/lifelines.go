package simulation

import (
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// Lifeline is one thing that the cluster lives by beside the control plane's start.
type Lifeline struct {
	// Group is one of the groups of package lifeline.
	Group string `json:"group"`
	Name  string `json:"name"`
	// DeadlineSeconds is how long the client waits; zero where only the server's
	// 34 s bound it.
	DeadlineSeconds float64 `json:"deadlineSeconds,omitempty"`
	// Consequence is what follows when the line is lost.
	Consequence string `json:"consequence"`
	// Unknown says why its writes, or some, could not be worked out; empty if they could.
	Unknown string          `json:"unknown,omitempty"`
	Writes  []LifelineWrite `json:"writes"`
	Source  string          `json:"source"`
}

// LifelineWrite is one write of a line, and who makes it.
type LifelineWrite struct {
	User string `json:"user"`
	Write
}

func lifelines(s *facts.Snapshot, added func(admission.Interception) bool) []Lifeline {
	byLine := map[string][]LifelineWrite{}
	for _, i := range lifeline.Intercept(s) {
		byLine[i.Write.Hook] = append(byLine[i.Write.Hook], LifelineWrite{i.Write.User.Name, write(i, added)})
	}
	found := []Lifeline{}
	for _, l := range lifeline.Of(s) {
		found = append(found, Lifeline{
			Group: string(l.Group), Name: l.Name, DeadlineSeconds: l.Deadline.Seconds(),
			Consequence: l.Consequence, Unknown: l.Unknown, Writes: byLine[l.Name], Source: l.Source,
		})
	}
	return found
}
