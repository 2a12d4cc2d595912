package config

import (
	"strings"
	"time"
)

// The API styles and what follows from them (30 s, no limit and 64 at once; 65 s, 300 a minute and
// 10 at once, because an action may run for 60 s and the platform allows a token 300 requests a minute).
const (
	apiProcesses    = "processes"
	apiIntegrations = "integrations"
)

// defaultBaseURL is the API host where neither a URL nor a region is set.
const defaultBaseURL = "https://api.mypurecloud.com"

// drainMargin is what a drain allows beyond the longest request: for a dead letter and a commit.
const drainMargin = 5 * time.Second

// topicPlaceholder stands for the source topic in the names of the others.
const topicPlaceholder = "{topic}"

// derive fills in the defaults that depend on other settings.
func (c *Config) derive() {
	timeout, rate, concurrency := 30*time.Second, Rate(0), 64
	if c.Genesys.API == apiIntegrations {
		timeout, rate, concurrency = 65*time.Second, 300, 10
	}
	const api = "genesys.api"
	c.byDefault("genesys.timeout", api, func() { c.Genesys.Timeout = timeout })
	c.byDefault("genesys.rate", api, func() { c.Genesys.Rate = rate })
	c.byDefault("worker.concurrency", api, func() { c.Worker.Concurrency = concurrency })

	if c.Genesys.Region != "" {
		c.byDefault("genesys.base_url", "genesys.region", func() { c.Genesys.BaseURL = "" })
	} else {
		c.byDefault("genesys.base_url", "", func() { c.Genesys.BaseURL = defaultBaseURL })
	}
	if c.Worker.Drain == 0 {
		c.Worker.Drain = c.Genesys.Timeout + drainMargin
		c.origins["worker.drain"] = Origin{Name: "genesys.timeout"}
	}
	c.byDefault("kafka.dead_letter_topic", "kafka.topic", func() {})
	for _, topic := range []*string{&c.Kafka.DeadLetterTopic, &c.Kafka.ResultsTopic} {
		*topic = strings.ReplaceAll(*topic, topicPlaceholder, c.Kafka.Topic)
	}
}

// byDefault runs set where nobody chose the setting, and notes which setting its default came from.
func (c *Config) byDefault(path, from string, set func()) {
	if c.origins[path].ByHand() {
		return
	}
	set()
	c.origins[path] = Origin{Name: from}
}
