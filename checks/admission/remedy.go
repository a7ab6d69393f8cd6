package admission

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// mostCommand is how long a patch may be to stand in a remedy.
const mostCommand = 700

// way is how to keep a webhook or policy out of the upgrade's way: the patch that was
// proven to do so; where there is none, why, and what to do.
func way(s *facts.Snapshot, c admission.Culprit) remedy.Steps {
	plan := cure.Of(s)
	if found, ok := plan.For(c); ok {
		return patch(found)
	}
	if !c.Kind.IsWebhook() && !c.Kind.IsPolicy() {
		return remedy.Do("see what the API server said in the evidence, and make the same write pass (kubectl apply --dry-run=server)")
	}
	if why, ok := plan.Why(c); ok {
		return remedy.Do(fmt.Sprintf("bring its backend in order, as no patch can be offered (%s)", why)).
			Or("get it out of the way by hand", remedy.Sh("gke-preflight explain break-glass"))
	}
	return remedy.Do("exempt the API server itself by a matchCondition", remedy.Sh("kubectl edit %s %s", c.Kind.Resource(), c.Name),
		remedy.YAML("matchConditions:\n- name: not-the-api-server\n  expression: request.userInfo.username != \"system:apiserver\""))
}

// patch says what the patch does and what comes of it, and gives the command.
func patch(c cure.Cure) remedy.Steps {
	commands := []remedy.Command{{Kind: remedy.Shell, Text: c.Command}}
	if len(c.Command) > mostCommand {
		commands = []remedy.Command{
			remedy.Sh("gke-preflight fix --out cures"),
			remedy.Sh("kubectl patch %s %s --type=json --patch-file=cures/%s", strings.ToLower(c.Kind), c.Name, c.PatchFile()),
		}
	}
	steps := remedy.Do(fmt.Sprintf("patch it so that it %s; %s", c.Does, c.Proof()), commands...)
	if len(c.Owners) > 0 {
		steps = steps.Then(fmt.Sprintf("make the same change in its source, which may undo this one: it is managed by %s", strings.Join(c.Owners, ", ")))
	}
	return steps
}
