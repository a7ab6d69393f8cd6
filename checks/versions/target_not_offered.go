package versions

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var targetNotOffered = preflight.Check{
	ID:       "GP302",
	Name:     "target-not-offered",
	Title:    "GKE does not offer the target to this cluster",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKECluster, facts.GKEServerConfig},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		f := preflight.Finding{Severity: preflight.Blocker, Subject: preflight.Subject{Kind: "Version", Name: s.Meta.Target}}
		target, err := version.Parse(s.Meta.Target)
		if err != nil {
			f.Undecided = "no target version is known: name one with --target-version"
			return []preflight.Finding{f}
		}
		c := facts.GKECluster.Of(s)
		own, told := offered(facts.GKEServerConfig.Of(s), c.Channel)
		at := finding.EvidenceOf(facts.GKECluster, c.Version, "runs", "/version")
		switch elsewhere := otherChannels(s, target); {
		case AnyFits(own, target) || alreadyThere(c, target):
			return nil
		case !told:
			f.Undecided = fmt.Sprintf("the GKE API does not tell which versions channel %s has", c.Channel)
		case len(elsewhere) > 0:
			f.Severity = preflight.Warning
			f.Summary = fmt.Sprintf("target %s is on offer %s, and not in %s, which cluster %s is in; GKE may refuse it", target, finding.NamesOf(elsewhere), channelWords(c.Channel), c.Name)
			f.Evidence = []preflight.Evidence{at}
			f.Steps = remedy.Do("choose a version of the cluster's own channel", ServerConfig(s))
		default:
			f.Summary = fmt.Sprintf("target %s is not on offer in %s; GKE refuses an upgrade to it", target, s.Meta.Cluster.Location)
			f.Evidence = []preflight.Evidence{at, finding.EvidenceOf(facts.GKEServerConfig, facts.GKEServerConfig.Of(s).MasterVersions, "on offer", "/masterVersions")}
			f.Steps = remedy.Do("choose a version that is", ServerConfig(s))
		}
		return []preflight.Finding{f}
	},
}

// offered are the versions that a cluster in a channel, or in none, can have; told
// is false for a channel that GKE does not describe.
func offered(c facts.ServerConfig, channel string) (versions []string, told bool) {
	if channel == "" {
		return c.MasterVersions, true
	}
	i := slices.IndexFunc(c.Channels, func(ch facts.Channel) bool { return ch.Name == channel })
	if i < 0 {
		return nil, false
	}
	return c.Channels[i].Versions, true
}

// otherChannels are those, and the choice of none, that have the target.
func otherChannels(s *facts.Snapshot, target version.Version) (names []string) {
	c := facts.GKEServerConfig.Of(s)
	for _, ch := range c.Channels {
		if AnyFits(ch.Versions, target) {
			names = append(names, "in "+channelWords(ch.Name))
		}
	}
	if AnyFits(c.MasterVersions, target) {
		names = append(names, "for clusters in no channel")
	}
	return names
}

func channelWords(channel string) string {
	if channel == "" {
		return "no channel"
	}
	return "channel " + channel
}

// AnyFits reports whether one of the versions is the target, as far as that says
// what it is.
func AnyFits(versions []string, target version.Version) bool {
	return slices.ContainsFunc(versions, func(text string) bool {
		v, err := version.Parse(text)
		return err == nil && version.CompareLine(v, target) == 0 && !version.Older(v, target) && !version.Older(target, v)
	})
}

// alreadyThere reports whether the target is what runs, or what a two-step upgrade
// can be rolled back to; neither has to be on offer.
func alreadyThere(c facts.ClusterConfig, target version.Version) bool {
	back, err := version.Parse(c.EmulatedVersion)
	return AnyFits([]string{c.Version}, target) || err == nil && version.CompareLine(back, target) == 0
}

// ServerConfig is the command that lists the versions on offer.
func ServerConfig(s *facts.Snapshot) remedy.Command {
	return remedy.Words(append([]string{"gcloud", "container", "get-server-config"}, finding.PlaceFlags(s)...)...)
}
