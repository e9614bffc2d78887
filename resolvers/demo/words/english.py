"""What the demo says in English."""

from typing import Final

from db.enums.activities import ActivityType
from db.enums.callbacks import CallbackRequestType
from resolvers.demo.words import Named, Script, Words
from resolvers.demo.words.english_calls import DIALOGUES

ENGLISH: Final = Words(
    job_titles={
        "SUPER_ADMIN": "Managing Director",
        "INSURANCE_PROVIDER_ADMIN": "Operations Director",
        "REGIONAL_MANAGER": "Regional Manager",
        "SENIOR_AGENT": "Senior Insurance Advisor",
        "JUNIOR_AGENT": "Insurance Advisor",
        "SUPPORT_STAFF": "Customer Support Executive",
    },
    agent_titles=("Regional Manager", "Senior Insurance Advisor", "Insurance Advisor"),
    professions=(
        *("Accountant", "Architect", "Bank manager", "Dentist", "Electrician", "Engineer", "Farmer", "Nurse"),
        *("Pharmacist", "Photographer", "Physician", "Professor", "Shop owner", "Software developer", "Teacher"),
    ),
    positions=("HR Manager", "Finance Director", "Owner", "Plant Manager", "Office Manager", "Head of Procurement"),
    industries=(
        *("Manufacturing", "Logistics", "Food", "Health care", "Automotive", "Information technology", "Retail"),
        *("Construction", "Hospitality", "Agriculture"),
    ),
    tags=("family", "referral", "nri", "self-employed", "new-parent", "senior", "paperless", "vip"),
    contact_notes=(
        "Prefers to be called after office hours.",
        "Came to us through a colleague; wants everything by e-mail.",
        "Takes care of the policies of the parents as well.",
        "Asked for the documents in large print.",
    ),
    educations=("Secondary school", "Bachelor", "Master", "Doctorate"),
    teams=(
        Named("Sales", "Wins new customers and serves those we have."),
        Named("Renewals", "Sees to it that no policy runs out unnoticed."),
        Named("Claims and service", "Helps customers with claims, changes and complaints."),
    ),
    queues=(
        Named("Priority service", "Problems with policies and claims, the most pressing first."),
        Named("Payments and renewals", "Everything about premiums, the oldest first."),
        Named("General questions", "Whatever else customers ask, to each advisor in turn."),
    ),
    pipelines=(
        Named("New policies", "From the first talk to the signed policy."),
        Named("Renewals", "Policies that end soon, brought into their next year."),
    ),
    extras=(
        ("NCB", "No-claim bonus protection"),
        ("INF", "Inflation protection"),
        ("HELP", "Helpline around the clock"),
    ),
    sales_stages=("New enquiry", "Needs analysed", "Proposal sent", "Documents collected", "Won", "Lost"),
    renewal_stages=("Due soon", "Quote sent", "Customer confirmed", "Renewed", "Not renewed"),
    sale_title="{product} for {name}",
    group_title="Group cover for {name}",
    renewal_title="Renewal of {policy} for {name}",
    lead_sources=("Referral", "Website", "Walk-in", "Voice agent", "Seminar", "Social media"),
    competitors=("the bank's own insurer", "an online aggregator", "the present broker"),
    next_steps=(
        "Send the comparison of the three plans.",
        "Collect the medical report.",
        "Call again once the spouse has agreed.",
        "Get the signed proposal form.",
        "Clarify the waiting period with the insurer.",
    ),
    won_reasons=("Best cover for the price", "Trusts the advisor", "Quick claim last year"),
    lost_reasons=("Premium too high", "Chose another insurer", "Postponed to next year", "No longer reachable"),
    move_notes=("", "", "Agreed on the phone.", "Sent by e-mail and on paper."),
    subjects={
        ActivityType.CALL: ("Call {first} about {product}", "Ask {first} for the missing documents"),
        ActivityType.EMAIL: ("Send {first} the quote for {product}", "Confirm the change of address"),
        ActivityType.MEETING: ("Meet {name} at home", "Yearly review with {name}"),
        ActivityType.TASK: ("Check the proposal of {name}", "Prepare the comparison for {name}"),
        ActivityType.NOTE: ("{name} expects a second child in spring", "{name} is moving house"),
        ActivityType.DEMO: ("Show {first} the customer portal",),
        ActivityType.PROPOSAL: ("Present {product} to {name}",),
        ActivityType.FOLLOW_UP: ("Follow up on {product} with {first}",),
        ActivityType.OTHER: ("Birthday wishes for {name}",),
    },
    outcomes=(
        "Interested, wants to think it over.",
        "Agreed to go on.",
        "Asked for a lower premium.",
        "Documents received.",
        "Everything clear.",
    ),
    cancelled_activity="No longer needed.",
    numbers=("Front desk", "Renewals", "Claims", "Branch"),
    scripts=(
        Script(
            "Asha, front desk",
            "Answers every incoming call, tells premiums and due dates, and promises callbacks.",
            "You are Asha, the friendly voice of an insurance broker. Find out what the caller needs, answer from "
            "the customer's policies, never guess amounts, and offer a callback by the advisor when in doubt.",
            (
                "First version, answers questions about due dates.",
                "Offers a callback before the caller asks for one.",
                "Shorter greeting, under trial.",
            ),
        ),
        Script(
            "Arjun, renewals",
            "Calls customers whose policy ends soon or whose premium is late.",
            "You are Arjun. You remind customers of a renewal or a late premium, politely and in at most two "
            "minutes. Never press anybody; note what they promise.",
            (
                "First version, reminds of renewals.",
                "Also reminds of late premiums.",
                "Asks for the reason when somebody does not renew.",
            ),
        ),
        Script(
            "Maya, claims",
            "Takes down claims and tells how far a claim has come.",
            "You are Maya. People call you on a bad day: be calm and brief. Take down what happened, when and "
            "where, and promise that a person calls back.",
            (
                "First version, takes down hospital claims.",
                "Knows motor claims as well.",
                "Sends the list of documents by text message.",
            ),
        ),
    ),
    dialogues=DIALOGUES,
    callbacks={
        CallbackRequestType.POLICY_ISSUE: (
            "The name on policy {policy} is misspelt and must be corrected before it is used.",
            "{first} has not received the policy document of {product}.",
        ),
        CallbackRequestType.PAYMENT_PROBLEM: (
            "The premium of {policy} was debited twice this month.",
            "The card payment for {policy} failed three times.",
        ),
        CallbackRequestType.CLAIM_ASSISTANCE: (
            "{first} needs help with the claim form for {policy} ({product}).",
            "{first} waits for the insurer's answer about the claim under {policy}.",
        ),
        CallbackRequestType.GENERAL_INQUIRY: (
            "{first} wants to know what {product} would cost for the whole family.",
            "{first} asks how a nominee is changed.",
        ),
        CallbackRequestType.FEEDBACK: (
            "{first} wants to thank the advisor, and to say that the app logs out too often.",
            "{first} is unhappy that nobody called back last week.",
        ),
        CallbackRequestType.SUGGESTION: ("{first} suggests reminders on WhatsApp rather than by e-mail.",),
        CallbackRequestType.OTHER: ("{first} would like to be called and did not say why.",),
    },
    resolutions={
        CallbackRequestType.POLICY_ISSUE: "Corrected with the insurer; the new document went out by e-mail.",
        CallbackRequestType.PAYMENT_PROBLEM: "The payment was found, and the double debit will be refunded.",
        CallbackRequestType.CLAIM_ASSISTANCE: "Went through the form together; the claim was handed in.",
        CallbackRequestType.GENERAL_INQUIRY: "Explained, and sent a quote by e-mail.",
        CallbackRequestType.FEEDBACK: "Listened, apologised, and passed it on.",
        CallbackRequestType.SUGGESTION: "Thanked, and passed it on to the product team.",
        CallbackRequestType.OTHER: "Settled on the phone.",
    },
    cancellations=("The customer has settled it in the app.", "Asked for twice: see the other request."),
    ratings={5: "Quick and friendly.", 4: "Good help, a little late.", 3: "It took two calls.", 2: "Too slow."},
    attempts=("Nobody answered.", "Reached and talked it through.", "Line was busy."),
    withdrawn="The applicant found cover elsewhere.",
    rejected="The medical report did not satisfy the insurer.",
    requested="Sold the insured object.",
)
