package checks

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// mostCommand is how long a patch may be to stand in a remedy.
const mostCommand = 700

// remedy is the patch that was proven to keep the webhook or policy out of the
// upgrade's way; where there is none, why, and what to do.
func remedy(s *facts.Snapshot, i forecast.Interception) string {
	plan := cure.Of(s)
	if c, ok := plan.For(i.Culprit); ok {
		return patch(c)
	}
	if !i.Kind.IsWebhook() && !i.Kind.IsPolicy() {
		return "see what the API server said in the evidence, and make the same write pass: kubectl apply --dry-run=server"
	}
	if why, ok := plan.Why(i.Culprit); ok {
		return fmt.Sprintf("no patch can be offered (%s): bring its backend in order, or get it out of the way by hand:\ngke-preflight explain break-glass", why)
	}
	return fmt.Sprintf("exempt the API server itself by a matchCondition:\nkubectl edit %s %s\n  matchConditions:\n  - name: not-the-api-server\n    expression: request.userInfo.username != \"system:apiserver\"", i.Kind.Resource(), i.Name)
}

// patch says what the patch does and what comes of it, and gives the command.
func patch(c cure.Cure) string {
	s := fmt.Sprintf("patch it so that it %s; %s", c.Does, c.Proof())
	if len(c.Owners) > 0 {
		s += fmt.Sprintf("; %s manages it, so make the same change in its source", strings.Join(c.Owners, ", "))
	}
	if len(c.Command) <= mostCommand {
		return s + ":\n" + c.Command
	}
	return s + fmt.Sprintf(":\ngke-preflight fix --out cures\nkubectl patch %s %s --type=json --patch-file=cures/%s", strings.ToLower(c.Kind), c.Name, c.PatchFile())
}
