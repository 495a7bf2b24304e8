import { resourceNames } from 'names.bicep'

// What the parameters of `main.bicep` are made of. Each type is written about where it stands; the two sets of values
// that we stand behind are in `profiles.bicep`.

@export()
@description('How large a deployment is, and how much of a failure it takes without a call noticing.')
type profile = {
  functions: functionsPlan
  streamHost: streamHostSize
  redis: redisSize
  network: network
  logs: logs
  @description('Basic keeps 10 GB of images; Premium is needed for nothing here.')
  registry: 'Basic' | 'Standard' | 'Premium'
  @description('LRS keeps three copies in one datacentre, ZRS in three zones.')
  storage: 'Standard_LRS' | 'Standard_ZRS'
  callRecords: callRecords
  availability: availability
}

@export()
@description('The functions, on Flex Consumption.')
type functionsPlan = {
  @description('HTTP instances that never sleep. A call rings 30 s, and a cold start may take longer: at least 1.')
  @minValue(1)
  alwaysReady: int
  @description('The most instances.')
  @minValue(40)
  @maxValue(1000)
  most: int
  @description('Memory of an instance, in MB.')
  memoryMB: 512 | 2048 | 4096
}

@export()
@description('The stream host, on Container Apps.')
type streamHostSize = {
  @description('Replicas that are always there. With 1, a restart of it leaves callers in silence until the next one is up.')
  @minValue(1)
  least: int
  @minValue(1)
  @maxValue(300)
  most: int
  @description('Processor and memory of a replica. One of 1 core carries some 100 calls (docs/benchmarks.md).')
  resources:
    | { cpu: '0.5', memory: '1Gi' }
    | { cpu: '1.0', memory: '2Gi' }
    | { cpu: '2.0', memory: '4Gi' }
    | { cpu: '4.0', memory: '8Gi' }
  @description('Conversations that a replica takes: MAX_SESSIONS.')
  @minValue(1)
  places: int
  @description('How many of them browsers may have: MAX_BROWSER_SESSIONS.')
  @minValue(1)
  browserPlaces: int
  @description('The share of its places, in percent, at which another replica is started. The rest carries the calls that come until it is up.')
  @minValue(10)
  @maxValue(95)
  scaleOutAtPercent: int
  @description('How long calls may go on where a replica is asked to end, in seconds: DRAIN_LIMIT_SECONDS. Container Apps grants ten minutes at most, and ten seconds of them are ours. In the last twenty, calls that are left are handed over to another replica.')
  @minValue(0)
  @maxValue(590)
  drainSeconds: int
}

@export()
@description('Azure Managed Redis, which both halves share. Nobody has a key of it.')
type redisSize = {
  @description('Balanced_B0 has 0.5 GB, which is more than 10,000 calls need; the price differs by region.')
  sku: 'Balanced_B0' | 'Balanced_B1' | 'Balanced_B3' | 'Balanced_B5' | 'Balanced_B10' | 'Balanced_B20'
  @description('A second node takes over where one fails. Doubles the price.')
  highAvailability: bool
  @description('How it looks to a client. Both look like one node: NoCluster is one (up to 25 GB), EnterpriseCluster stands before several. A script of ours never touches keys of two slots, so both work.')
  clusteringPolicy: 'NoCluster' | 'EnterpriseCluster'
}

@export()
@description('Where the two halves meet Redis, Blob storage and the AI account. The doors to the outside are public in either case: ACS and Event Grid call in, and have no private way.')
@discriminator('kind')
type network = publicNetwork | privateNetwork

@export()
@description('Over Azure\'s public addresses, with TLS and Entra.')
type publicNetwork = {
  kind: 'public'
}

@export()
@description('In a virtual network of its own with private endpoints. The services\' public addresses are closed, but for that of an AI account by which ACS itself hears (`transcriptionSource` at acs).')
type privateNetwork = {
  kind: 'private'
  @description('A /16 or larger that nobody else uses, such as 10.80.0.0/16.')
  addressSpace: string
}

@export()
type logs = {
  @minValue(30)
  @maxValue(730)
  retentionDays: int
  @description('The most that is taken in a day, in GB: a runaway log must not cost more. -1 for no bound.')
  dailyGb: int
}

@export()
@description('Records of calls: docs/records.md.')
type callRecords = {
  @description('Days until a record moves to the cool tier.')
  @minValue(1)
  coolAfterDays: int
  @description('Days until it is deleted.')
  @minValue(1)
  deleteAfterDays: int
}

@export()
@description('Tests from outside, by Application Insights.')
type availability = {
  everySeconds: 300 | 600 | 900
  @description('Population tags, such as emea-nl-ams-azr. An alert needs two that fail. None: no tests.')
  locations: string[]
}

@export()
@description('Which account a service is used from.')
@discriminator('use')
type aiAccount = ownAccount | existingAccount

@export()
@description('The account that this deployment makes. It has Speech, Azure OpenAI and Voice Live.')
type ownAccount = {
  use: 'own'
}

@export()
@description('An account that is there already, in this subscription. It must have a custom subdomain, or Entra cannot be used. Its deployments are left as they are.')
type existingAccount = {
  use: 'existing'
  name: string
  resourceGroup: string
}

@export()
type aiAccounts = {
  @description('Recognition and synthesis.')
  speech: aiAccount
  @description('The model that answers, and the realtime model where one is named.')
  openAi: aiAccount
  @description('Voice Live, where a model for it is named.')
  voiceLive: aiAccount
  @description('A second account for Speech and Azure OpenAI, best in another region: it is asked while the first fails or is late. None: callers are told so.')
  fallback: existingAccount?
}

@export()
@description('A model in the account that this deployment makes.')
type modelDeployment = {
  @description('The name that the settings use.')
  name: string
  model: string
  version: string
  sku:
    | 'GlobalStandard'
    | 'DataZoneStandard'
    | 'Standard'
    | 'GlobalProvisionedManaged'
    | 'DataZoneProvisionedManaged'
    | 'ProvisionedManaged'
  @description('For the standard kinds, thousands of tokens a minute. A provisioned kind costs by the hour, used or not.')
  @minValue(1)
  capacity: int
}

@export()
type models = {
  deployments: modelDeployment[]
  @description('The deployment that answers: AZURE_OPENAI_DEPLOYMENT. One of the above, or one of an existing account.')
  chat: string
  @description('The deployment that answers while `chat` fails or is late: AZURE_OPENAI_FALLBACK_DEPLOYMENT, in the second account where there is one. None: one of the same name there.')
  fallbackChat: string?
  @description('The realtime deployment, for speech to speech without Voice Live. Empty: none.')
  realtime: string
  @description('The model that Voice Live speaks with; it needs no deployment. Empty: no Voice Live.')
  voiceLive: string
  @description('What writes down callers beside a realtime model: REALTIME_TRANSCRIPTION_MODEL. Empty: the service\'s own.')
  realtimeTranscription: string
}

@export()
@description('Who may call the API, and how Event Grid shows who it is.')
type doors = {
  @description('entra: tokens of this tenant for `apiAudience`; key: the functions\' keys.')
  api: 'entra' | 'key'
  @description('The client id of the app that stands for the API. `azd provision` makes one where none is given.')
  apiAudience: string
  @description('Client ids that may call, separated by commas. Empty: every one that has a role in that app.')
  apiCallers: string
  @description('entra: Event Grid brings a token of this tenant; key: the function\'s key is in the address of the subscription, the one key that is left.')
  eventGrid: 'entra' | 'key'
  @description('The client id of the app that stands for the webhook. `azd provision` makes one where none is given.')
  eventGridAudience: string
  @description('Whether the pages of the stream host want a sign-in by Container Apps. The client id of an app with their address as its redirect (docs/operations.md); empty: no sign-in.')
  signInClientId: string
  @description('Sites beside the stream host whose pages may open sockets: ALLOWED_ORIGINS.')
  allowedOrigins: string
}

@export()
@description('What outbound calls may cost: settings of the same names in docs/settings.md. An empty one is not set.')
type outbound = {
  @description('Countries that may be called, as ISO codes separated by commas, such as DE,AT,CH.')
  countries: string
  callsPerMinute: string
  callsPerDay: string
  callsPerNumberPerDay: string
  callsPerClientPerMinute: string
  @description('OUTBOUND_BUDGET_PER_DAY; it takes a file of prices, and they take it.')
  budgetPerDay: string
  @description('OUTBOUND_PRICES: prices.json, where such a file is in the project\'s folder; it travels in the functions\' package.')
  prices: string
}

@export()
@description('The telephone. **Since October 2026 a new customer of Azure Communication Services gets a phone number only through Teams Phone Extensibility**; numbers that a tenant had before stay until 30 September 2028. docs/operations.md has the steps (resource account, assignment, TEAMS_PHONE_RESOURCE_ACCOUNT_ID); nothing here can buy a number.')
type telephone = {
  @description('Where ACS keeps its data. It can\'t be changed later.')
  dataLocation:
    | 'Africa'
    | 'Asia Pacific'
    | 'Australia'
    | 'Brazil'
    | 'Canada'
    | 'Europe'
    | 'France'
    | 'Germany'
    | 'India'
    | 'Japan'
    | 'Korea'
    | 'Norway'
    | 'Switzerland'
    | 'UAE'
    | 'UK'
    | 'United States'
  @description('The number that outbound calls show, in E.164: ACS_SOURCE_NUMBER. Empty: each request names one.')
  sourceNumber: string
  @description('The Teams resource account that calls come from, its object id: TEAMS_PHONE_RESOURCE_ACCOUNT_ID. Empty: none.')
  teamsAccount: string
}

@export()
@description('What a conversation is like where its agent does not say.')
type conversation = {
  defaultAgent: string
  language: string
  streamingMode: 'media' | 'voice_live' | 'transcription'
  transcriptionSource: 'recogniser' | 'acs'
}

@export()
type furtherSettings = {
  both: { *: string }
  functions: { *: string }
  streamHost: { *: string }
}

@export()
@description('Addresses of a proxy of yours that stands before the halves, and adds the address of each client to x-forwarded-for. Empty: their own.')
type publicUrls = {
  @description('https://…')
  functions: string
  @description('wss://…')
  streamHost: string
}

@export()
@description('All that the stream host\'s template needs beside the image and secrets. `main.bicep` gives it out as STREAM_HOST_PARAMETERS, and `apps/stream-host.bicepparam` reads it. All of it is known before anything exists; the rest the template asks the resources for.')
type streamHostPlan = {
  names: resourceNames
  location: string
  tags: { *: string }
  size: streamHostSize
  accounts: { speech: accountPlace, openAi: accountPlace, voiceLive: accountPlace, fallback: accountPlace? }
  @description('Addresses of a proxy of yours. Empty: their own.')
  addresses: publicUrls
  signInClientId: string
  @description('Settings of the process, none of them a secret. Empty ones are left out.')
  settings: { *: string }
}

@export()
@description('Where an account is.')
type accountPlace = {
  name: string
  group: string
}
