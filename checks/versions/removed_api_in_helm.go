package versions

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var removedAPIInHelm = preflight.Check{
	ID:       "GP314",
	Name:     "removed-api-in-helm",
	Title:    "A Helm release holds objects of an API that the target removes",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.HelmReleases, facts.ServerVersion},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		target, fs := removalTarget(s)
		server := facts.ServerVersion.Of(s)
		running, err := version.Parse(cmp.Or(server.Emulated, server.GitVersion))
		if target.Major == 0 || err != nil {
			return append(fs, openRemovals(s, preflight.Warning, "the running version or the target is not known")...)
		}
		for i, r := range facts.HelmReleases.Of(s) {
			subject := preflight.Subject{Kind: "HelmRelease", Namespace: r.Namespace, Name: r.Name}
			if r.Problem != "" {
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: subject, Undecided: "the release can't be read: " + r.Problem})
			}
			if f := inRelease(i, r, running, target); f != nil {
				f.Subject = subject
				fs = append(fs, *f)
			}
		}
		return fs
	},
}

func inRelease(i int, r facts.HelmRelease, running, target version.Version) *preflight.Finding {
	f := &preflight.Finding{Severity: preflight.Info}
	var named []string
	gone, already := 0, 0
	for j, o := range r.Objects {
		a, ok := apiAt(o.APIVersion, o.Kind)
		if !ok || a.ServedIn(next(target)) {
			continue
		}
		switch {
		case !a.ServedIn(running):
			already++
		case !a.ServedIn(target):
			gone++
		}
		named = append(named, fmt.Sprintf("%s %s of %s", o.Kind, o.Name, o.APIVersion))
		f.Evidence = append(f.Evidence, preflight.Evidence{Fact: facts.HelmReleases.ID(), Path: fmt.Sprintf("/%d/objects/%d/apiVersion", i, j), Value: o.APIVersion,
			Note: fmt.Sprintf("of %s %s in revision %d; removed in %s", o.Kind, o.Name, r.Revision, a.Removed)})
	}
	release := r.Namespace + "/" + r.Name
	switch {
	case named == nil:
		return nil
	case gone > 0:
		f.Severity = preflight.Warning
		f.Summary = fmt.Sprintf("helm release %s holds %s, which the target does not serve; helm upgrade and rollback of it fail after the upgrade", release, firstOfMany(named))
	case already > 0:
		f.Summary = fmt.Sprintf("helm release %s holds %s, which %s does not serve either; helm upgrade and rollback of it fail already", release, firstOfMany(named), running.Line())
	default:
		f.Summary = fmt.Sprintf("helm release %s holds %s, which the minor after the target no longer serves; helm upgrade of it fails then", release, firstOfMany(named))
	}
	f.Steps = remedy.Do("move to a chart that uses the new API, and upgrade the release before the cluster").
		Or("rewrite what Helm has on record, without --dry-run once you have seen what that changes",
			remedy.Sh("helm plugin install https://github.com/helm/helm-mapkubeapis"), remedy.Sh("helm mapkubeapis %s --namespace %s --dry-run", r.Name, r.Namespace))
	return f
}

// firstOfMany names three and says how many more there are.
func firstOfMany(named []string) string {
	if n := len(named) - mostUsers; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(named[:mostUsers], ", "), n)
	}
	return strings.Join(named, ", ")
}
