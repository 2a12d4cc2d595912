package deadletter

// What may be typed about every code.
var (
	listThem    = Command{"sluice dlq ls --code CODE", "the newest messages that ended so"}
	showOne     = Command{"sluice dlq show ID", "one of them in full: the payload, every attempt, the API's last answer"}
	checkFile   = Command{"sluice validate FILE", "try a payload against the schema; nothing is sent"}
	seeSchema   = Command{"sluice schema show", "what a payload has to look like"}
	checkWorker = Command{"sluice health --ready", "see that the worker is well"}
	checkSetup  = Command{"sluice check", "configuration, token, action and topics, a line each"}
	seeHeld     = Command{"sluice held ls", "what the worker holds at the moment, and why"}
	replayThem  = Command{"sluice dlq replay --fingerprint F --dry-run", "what replaying a cause would do; sluice dlq stats names its fingerprint, F"}
)

const (
	replayIt   = "Then replay the messages (sluice dlq replay)."
	mendIt     = "Of what was dead-lettered, each is mended as it is replayed (sluice dlq replay --set), or the producer sends it anew and it is resolved (sluice dlq resolve)."
	notRun     = "No. Nothing was sent to the Data Action."
	refusedRan = "No: the API refused the request. Where the outcome is unknown, an earlier attempt may have run it."
)

// explanations is the closed set, in the order of the documentation.
var explanations = []Explanation{
	{
		Code: string(CodeValidationFailed), class: ClassContract,
		Meaning: "The payload breaks the schema, or is not one JSON document that every reader reads alike. The record lists each broken rule with the field it is about.",
		Causes: []string{
			"A field is missing, misspelt or of another type, such as \"3\" for 3.",
			"The producer or the schema has changed, and the other side does not know it yet.",
			"The payload is valid and cannot become the action's input: with genesys.input set to flat, two of its fields become the same property, or one has a name that Genesys Cloud does not take. The violation's keyword is input.",
			"The message is empty, or a tombstone (a null value): worker.tombstones says what becomes of those.",
		},
		Ran: notRun, Fault: "Yes. The same payload will fail again.",
		Move: Move{[]Actor{Producer}, "what it sent breaks the schema; the same payload will fail again"},
		Do: []string{
			"Look which field it is: sluice dlq show marks it in the payload, sluice explain KEYWORD explains the rule.",
			"Mend the producer; it can check with sluice validate before it publishes.",
			mendIt,
			"If the payload is right and the schema is not, the operator changes the schema (SLUICE_SCHEMA), and replays the messages as they are (sluice dlq replay).",
		},
		Next: []Command{listThem, showOne, checkFile, seeSchema, replayThem},
	},
	{
		Code: string(CodePayloadTooLarge), class: ClassContract,
		Meaning: "The request's body would be larger than the API takes, which is 512,000 bytes with GENESYS_API=integrations.",
		Causes:  []string{"A document, a transcript or a picture inside the payload.", "A list that grows without bound."},
		Ran:     notRun, Fault: "Yes. The same payload will fail again.",
		Move: Move{[]Actor{Producer}, "the payload is larger than the API takes"},
		Do: []string{
			"Have the producer send less: a link to the document instead of the document.",
			"If the Data Action needs only some fields, the operator maps those (genesys.input), and replays the messages (sluice dlq replay).",
		},
		Next: []Command{listThem, showOne, replayThem},
	},
	{
		Code: string(CodeActionFailed), class: ClassPermanent,
		Meaning: "The API answered with success, and the result says that the action failed: it does not meet the rule of genesys.success.",
		Causes: []string{
			"The service behind the Data Action refused the content and said so in its result.",
			"The rule looks at the wrong place of the result, or wants the wrong value.",
		},
		Ran: "Yes.", Fault: "Mostly. The action ran with this content and failed.",
		Move: Move{[]Actor{Administrator}, "the Data Action ran, and its result says that it failed"},
		Do: []string{
			"Read the result: it is the last answer in sluice dlq show.",
			"If every message ends so, compare genesys.success with a result.",
			"Before a message is replayed (sluice dlq replay), see what the action has done already: it ran.",
		},
		Next: []Command{listThem, showOne, replayThem},
	},
	{
		Code: string(CodePermissionDenied), class: ClassPermanent,
		Meaning: "The API answered 403: the OAuth client may not execute this Data Action.",
		Causes: []string{
			"The OAuth client's role lacks the permission to execute Data Actions.",
			"The role is granted in another division than the action's.",
			"The token lacks the scope that the API wants.",
		},
		Ran: refusedRan, Fault: "No, if other messages of that time ended so too. Yes, if others passed: then the API forbids this content.",
		Move: Move{[]Actor{Administrator}, "the OAuth client may not execute this Data Action: its role lacks the permission"},
		Do: []string{
			"Have the administrator give the OAuth client (GENESYS_CLIENT_ID) a role that may execute the action.",
			replayIt,
		},
		Next: []Command{checkSetup, listThem, showOne, replayThem},
	},
	{
		Code: string(CodeTokenFailed), class: ClassTransient,
		Meaning: "No access token could be got until the message was given up (SLUICE_GIVE_UP_AFTER), or it was ended by hand.",
		Causes: []string{
			"GENESYS_CLIENT_ID or the secret is wrong, or the OAuth client was deleted.",
			"GENESYS_REGION, GENESYS_BASE_URL or GENESYS_LOGIN_URL names another organisation's region.",
			"The login host cannot be reached from here, as through a proxy that is not set.",
		},
		Ran: notRun, Fault: "No. Every message waits for the same token.",
		Move: Move{[]Actor{Operator}, "no token could be got: see GENESYS_CLIENT_ID, its secret, and the login host"},
		Do: []string{
			"Read what the login host answered: it is in the worker's log and in the record.",
			"Mend the credentials or the address, and see the worker become well.",
			replayIt,
		},
		Next: []Command{checkSetup, seeHeld, listThem, showOne, replayThem},
	},
	{
		Code: string(CodeMaxRetriesExceeded), class: ClassTransient,
		Meaning: "The API answered every attempt with a failure of its own (408 or 5xx) while it served other messages.",
		Causes: []string{
			"This content makes the Data Action, or the service behind it, fail.",
			"The API failed for a short time, and this message met it each time.",
		},
		Ran:   "The API says that it failed. After 502 or 504 nobody knows: then the outcome is unknown.",
		Fault: "Probably: others passed meanwhile.",
		Move:  Move{[]Actor{Nobody}, "sent again it may pass; if it fails again, " + Administrator.String() + " should try the Data Action with this payload"},
		Do: []string{
			"See whether one message ended so or many, and when.",
			"Replay it (sluice dlq replay). If it fails again, have the administrator test the action in Genesys Cloud with this payload.",
			"For a ticket at Genesys, give the request ids of the attempts.",
		},
		Next: []Command{checkWorker, listThem, showOne, replayThem},
	},
	{
		Code: string(CodeNetworkError), class: ClassTransient,
		Meaning: "No answer came: the connection could not be made, broke, or the time ran out.",
		Causes: []string{
			"The Data Action takes longer than GENESYS_TIMEOUT with this content.",
			"A proxy or firewall between here and the API cuts connections.",
			"The API's host name does not resolve, or its certificate is not trusted here.",
		},
		Ran:   "Not where nothing was sent (outcome not_sent). After a time-out or a broken connection nobody knows (outcome unknown).",
		Fault: "Perhaps: others passed meanwhile.",
		Move:  Move{[]Actor{Nobody}, "nothing was sent; the message can be sent again once the API can be reached"},
		Do: []string{
			"If the outcome is unknown, find out with the request's time and id whether the action ran.",
			"If all of them ran out of time, compare GENESYS_TIMEOUT with how long the action takes.",
			replayIt,
		},
		Next: []Command{checkWorker, listThem, showOne, replayThem},
	},
	{
		Code: string(CodeCircuitOpen), class: ClassTransient,
		Meaning: "The API served nobody, so the message was held, and given up (SLUICE_GIVE_UP_AFTER, or by hand) before the API ever answered it.",
		Causes:  []string{"An outage of the API, or of the way to it, that lasted longer than SLUICE_GIVE_UP_AFTER.", "An operator ended it with sluice held dead-letter."},
		Ran:     notRun, Fault: "No.",
		Move: Move{[]Actor{Nobody}, "the API did not serve at that time; the message can be sent again once it does"},
		Do: []string{
			"See that the API serves again.",
			replayIt,
			"If such outages are to be waited for, raise SLUICE_GIVE_UP_AFTER.",
		},
		Next: []Command{checkWorker, seeHeld, listThem, replayThem},
	},
	{
		Code: string(CodeInternalError), class: ClassInternal,
		Meaning: "sluice itself failed on this message. The worker went on with the others.",
		Causes:  []string{"A defect of sluice that this content brings out."},
		Ran:     "The record does not tell. See the attempts in it.", Fault: "No.",
		Move: Move{[]Actor{Operator}, "sluice itself failed on this message: the worker's log of that time says why; please report it"},
		Do:   []string{"Take the stack trace from the worker's log of that time, and report it.", "The message is kept: replay it with a mended version (sluice dlq replay)."},
		Next: []Command{listThem, showOne, replayThem},
	},
	{
		Code: statusPrefix + "400", class: ClassPermanent,
		Meaning: "The API refused the request as malformed: mostly, the input is not what the Data Action's contract wants.",
		Causes: []string{
			"A property is missing, of another type, or nested where the contract wants flat ones (GENESYS_INPUT).",
			"The action's contract was changed.",
		},
		Ran: refusedRan, Fault: "Yes, or that of the mapping, if every message ends so.",
		Move: Move{[]Actor{Producer, Administrator}, "the API refuses this content, and its answer says why"},
		Do: []string{
			"Read the API's answer; it names the property.",
			"If every message ends so, the operator compares GENESYS_INPUT with the action's contract.",
			"Else mend the producer.",
			mendIt,
		},
		Next: []Command{listThem, showOne, checkFile, replayThem},
	},
	{
		Code: statusPrefix + "401", class: ClassTransient,
		Meaning: "The API refused the access token, and a new one too, until the message was given up.",
		Causes: []string{
			"The token comes from another organisation or region than the API: GENESYS_LOGIN_URL and GENESYS_BASE_URL do not belong together.",
			"The OAuth client was disabled while its tokens are still handed out.",
		},
		Ran: refusedRan, Fault: "No. Every message uses the same token.",
		Move: Move{[]Actor{Operator}, "the API does not accept the token: see that GENESYS_REGION, or the two hosts, belong to the OAuth client's organisation"},
		Do:   []string{"Compare GENESYS_REGION, GENESYS_BASE_URL and GENESYS_LOGIN_URL with the organisation's region.", replayIt},
		Next: []Command{checkSetup, seeHeld, listThem, showOne, replayThem},
	},
	{
		Code: statusPrefix + "404", class: ClassPermanent,
		Meaning: "The API knows no such Data Action, or not at this address.",
		Causes: []string{
			"GENESYS_DATA_ACTION_ID is mistyped, or the action was deleted or unpublished.",
			"GENESYS_BASE_URL is another region's, or has a path too much.",
			"GENESYS_API is processes where the host offers only integrations.",
		},
		Ran: refusedRan, Fault: "No, if other messages of that time ended so too.",
		Move: Move{[]Actor{Operator}, "the API knows no such Data Action: see GENESYS_DATA_ACTION_ID and GENESYS_BASE_URL"},
		Do: []string{
			"Compare the URL in the record with the action's in Genesys Cloud.",
			"Mend GENESYS_DATA_ACTION_ID, GENESYS_BASE_URL or GENESYS_API, and restart the worker.",
			replayIt,
		},
		Next: []Command{checkSetup, listThem, showOne, replayThem},
	},
	notThere("405", "What answers does not take a POST at this address, so it is most likely not the API."),
	notThere("407", "A proxy on the way wants to know who asks."),
	notThere("410", "The API says that what stood at this address is gone for good."),
	notThere("421", "The server that answers is not the one that this address is for."),
	{
		Code: statusPrefix + "413", class: ClassPermanent,
		Meaning: "The API says that the request is too large.",
		Causes:  []string{"A payload with a document inside.", "A gateway before the API with a smaller limit."},
		Ran:     refusedRan, Fault: "Yes. The same payload will fail again.",
		Move: Move{[]Actor{Producer}, "the payload is larger than the API takes"},
		Do:   []string{"Have the producer send less.", "If a gateway of yours stands between, raise its limit, and replay the messages (sluice dlq replay)."},
		Next: []Command{listThem, showOne, replayThem},
	},
	{
		Code: statusPrefix + "415", class: ClassPermanent,
		Meaning: "The API does not take JSON at this address, so it is most likely not the API.",
		Causes:  []string{"GENESYS_BASE_URL is the address of something else, or has a path too much."},
		Ran:     refusedRan, Fault: "No.",
		Move: Move{[]Actor{Operator}, "what answers does not take JSON: see GENESYS_BASE_URL"},
		Do:   []string{"Compare the URL in the record with the API's.", replayIt},
		Next: []Command{checkSetup, listThem, showOne, replayThem},
	},
	{
		Code: statusPrefix + "422", class: ClassPermanent,
		Meaning: "The API understood the request and refuses its content.",
		Causes:  []string{"A value that the action does not accept, such as a queue or a user that does not exist.", "A rule of the service behind the action."},
		Ran:     refusedRan, Fault: "Yes. The same payload will most likely fail again.",
		Move: Move{[]Actor{Producer, Administrator}, "the API refuses this content, and its answer says why"},
		Do:   []string{"Read the API's answer; it names the value.", "Mend the producer, or what it names in Genesys Cloud.", mendIt, "What was mended in Genesys Cloud: replay the messages as they are (sluice dlq replay)."},
		Next: []Command{listThem, showOne, replayThem},
	},
	{
		Code: statusPrefix + "429", class: ClassTransient,
		Meaning: "The API's allowance was used up until the message was given up (SLUICE_GIVE_UP_AFTER), or it was ended by hand.",
		Causes: []string{
			"More messages come than the allowance lets through.",
			"Other programs use the same allowance, or GENESYS_RATE is more than this worker's share.",
		},
		Ran: refusedRan, Fault: "No.",
		Move: Move{[]Actor{Operator}, "the API's allowance is too small for what comes: see GENESYS_RATE and who else uses it"},
		Do: []string{
			"Compare GENESYS_RATE with the organisation's allowance, divided by all who use it.",
			"Ask Genesys for a larger allowance, or have the producers send less.",
			"Replay the messages, no faster than the allowance (sluice dlq replay --rate).",
		},
		Next: []Command{checkWorker, seeHeld, listThem, replayThem},
	},
	{
		Code: statusPrefix + "3xx", class: ClassPermanent,
		Meaning: "The API redirected the request. sluice does not follow, since the token must not go to another host.",
		Causes:  []string{"GENESYS_BASE_URL has http for https, or the address of a login page.", "A proxy answers in the API's place."},
		Ran:     refusedRan, Fault: "No.",
		Move: Move{[]Actor{Operator}, "what answers is not the API: see GENESYS_BASE_URL and the proxy"},
		Do:   []string{"Set GENESYS_BASE_URL to the address that the answer leads to, if that is the API's.", replayIt},
		Next: []Command{checkSetup, listThem, showOne, replayThem},
	},
	{
		Code: statusPrefix + "5xx", class: ClassTransient,
		Meaning: "Genesys says that the service behind the Data Action failed (ACTION.REMOTE_ENDPOINT, ACTION.AUTHENTICATION). With class permanent: that the action itself failed on this content (ACTION.PROCESSING). Failures of the API's own end as MAX_RETRIES_EXCEEDED.",
		Causes: []string{
			"The service that the action calls was down, or refused the action's credentials.",
			"The action's request or response template does not fit this content.",
		},
		Ran: "Genesys ran it; the service behind it failed.", Fault: "Not with class transient; with class permanent, most likely.",
		Move: remoteFailed,
		Do: []string{
			"See by the class whose failure it is.",
			"Transient: see that the service behind the action serves, and replay the messages (sluice dlq replay).",
			"Permanent: have the administrator test the action with this payload.",
		},
		Next: []Command{listThem, showOne, replayThem},
	},
	{
		Code: anyStatus, class: ClassPermanent,
		Meaning: "The API refused the message with this status. 403 has a code of its own, PERMISSION_DENIED, and so have failures of the API itself, MAX_RETRIES_EXCEEDED.",
		Causes:  []string{"The API's answer, which the record keeps, says it."},
		Ran:     refusedRan, Fault: "Most likely: others passed meanwhile.",
		Move: Move{[]Actor{Producer, Administrator}, "the API refuses this content, and its answer says why"},
		Do:   []string{"Read the API's answer.", "Mend the producer, or what it names in Genesys Cloud.", mendIt, "What was mended in Genesys Cloud: replay the messages as they are (sluice dlq replay)."},
		Next: []Command{listThem, showOne, replayThem},
	},
}

// notThere explains a status that every request to this address gets.
func notThere(status, meaning string) Explanation {
	return Explanation{
		Code: statusPrefix + status, class: ClassPermanent,
		Meaning: meaning,
		Causes: []string{
			"GENESYS_BASE_URL is the address of something else, or has a path too much.",
			"GENESYS_API is processes where the host offers only integrations, or the other way round.",
			"A proxy or gateway answers in the API's place.",
		},
		Ran: refusedRan, Fault: "No, if other messages of that time ended so too.",
		Move: Move{[]Actor{Operator}, "this is not where the API takes messages: see GENESYS_BASE_URL, GENESYS_API and the proxy"},
		Do:   []string{"Compare the URL in the record with the action's in Genesys Cloud, and see what stands between.", replayIt},
		Next: []Command{checkSetup, listThem, showOne, replayThem},
	}
}
