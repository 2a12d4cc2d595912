package genesys

import (
	"fmt"
	"net/url"
	"strings"
)

// Region is one place where Genesys Cloud runs.
type Region struct {
	AWS    string // AWS's name for it, as "eu-west-1"
	Domain string // Genesys' domain: the API is at api.Domain, the login at login.Domain
}

// regions is the list Genesys publishes, as of November 2026
// (https://developer.genesys.cloud/platform/api/).
var regions = []Region{
	{"us-east-1", "mypurecloud.com"},
	{"eu-west-1", "mypurecloud.ie"},
	{"ap-southeast-2", "mypurecloud.com.au"},
	{"ap-northeast-1", "mypurecloud.jp"},
	{"eu-central-1", "mypurecloud.de"},
	{"us-west-2", "usw2.pure.cloud"},
	{"ca-central-1", "cac1.pure.cloud"},
	{"ap-northeast-2", "apne2.pure.cloud"},
	{"eu-west-2", "euw2.pure.cloud"},
	{"ap-south-1", "aps1.pure.cloud"},
	{"us-east-2", "use2.us-gov-pure.cloud"},
	{"sa-east-1", "sae1.pure.cloud"},
	{"me-central-1", "mec1.pure.cloud"},
	{"ap-northeast-3", "apne3.pure.cloud"},
	{"eu-central-2", "euc2.pure.cloud"},
	{"mx-central-1", "mxc1.pure.cloud"},
	{"ap-southeast-1", "apse1.pure.cloud"},
	{"eusc-de-east-1", "edee1.eusc-pure.cloud"},
}

// Regions returns every known region.
func Regions() []Region { return append([]Region(nil), regions...) }

// FindRegion returns the region with this AWS name or domain.
func FindRegion(name string) (Region, bool) {
	for _, r := range regions {
		if strings.EqualFold(name, r.AWS) || strings.EqualFold(name, r.Domain) {
			return r, true
		}
	}
	return Region{}, false
}

// regionHint says which regions are meant by one that is not known: those that begin alike, or else all.
func regionHint(name string) string {
	for n := len(name); n > len("us-"); n-- {
		var near []string
		for _, r := range regions {
			for _, known := range []string{r.AWS, r.Domain} {
				if strings.HasPrefix(strings.ToLower(known), strings.ToLower(name[:n])) {
					near = append(near, known)
				}
			}
		}
		if near != nil {
			return "did you mean " + strings.Join(near, " or ") + "?"
		}
	}
	var all []string
	for _, r := range regions {
		all = append(all, r.AWS)
	}
	return "use the domain that you log in at, such as mypurecloud.de, or one of " + strings.Join(all, ", ")
}

// APIURL returns the base URL of the region's API.
func (r Region) APIURL() string { return "https://api." + r.Domain }

// String names the region both ways.
func (r Region) String() string { return fmt.Sprintf("%s (%s)", r.AWS, r.Domain) }

// HostedByGenesys says whether the URL's host is one of Genesys' own. The published API has none of the
// paths of [APIProcesses], so that style against such a host deserves a loud warning.
func HostedByGenesys(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	for _, r := range regions {
		if host == r.Domain || strings.HasSuffix(host, "."+r.Domain) {
			return true
		}
	}
	return false
}

// loginHost derives the login URL from the API's, as Genesys' SDKs do: the label api becomes login, and a
// host without that label is both.
func loginHost(base string) string {
	if scheme, rest, ok := strings.Cut(base, "://api."); ok {
		return scheme + "://login." + rest
	}
	return base
}

func sameHost(base string) string { return base }
