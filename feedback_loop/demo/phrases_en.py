# ruff: noqa: E501 - one comment a line, as it was written
"""What English-writing customers write, piece by piece: pure data for `voices`, invented for the demo.

The same shape as the German pieces beside it: `+` praise, `-` complaint, `o` neither, `~` the mild complaint of the contented; `n` only Nordheim, `a` only
Alder & Finch; clauses as they stand inside a sentence, without a full stop; slots in braces.
"""

THEMES = {
    "waiting_time": """
+ got through straight away
+ hardly any wait at all
+ answered in under {min_short} minutes
+n no endless queue for once
+n picked up on the second ring, on a Monday morning
+a live chat answered instantly
+a had a reply to my email the same day
+a someone actually replied on a Saturday
o the wait was acceptable
o waited a bit but nothing dramatic
- {min} minutes waiting for an answer is ridiculous
- impossible to reach anybody outside office hours
-n {min} minutes on hold, and then I was cut off
-n tried {times} times before anyone picked up
-n the hold music should be illegal
-n nobody answers the phone after {time}
-a took {days} days to get a first reply
-a sat in the chat queue for {min} minutes and gave up
-a no phone number anywhere, just a form
-a emailed on {weekday} and heard nothing for days
~ the wait could be a little shorter
~n lunchtime is not the moment to ring
~a a quicker first reply would have been the icing on the cake
""",
    "friendliness": """
+ the lady was so kind
+ really friendly chap
+ felt listened to, which is rare
+ very patient with me
+ polite, warm and funny
+ treated me like a person and not a number
+ couldn't have been nicer
+n lovely voice on the phone, very calm
+a the emails are written by someone with a heart
+a such a cheerful reply
o polite enough
- the tone was quite rude
- felt like I was a nuisance
- not a single word of apology
- very dismissive
- spoke to me as if I were a child
-n the man kept talking over me
-n she simply hung up on me
-a a cold two-line answer, no hello, no sorry
-a could do with some manners
~ a touch more warmth wouldn't hurt
~ a bit cool to begin with
o businesslike, not unfriendly
""",
    "competence": """
+ knew exactly what to do
+ very knowledgeable
+ finally someone who understands the subject
+ spot-on advice
+ really professional and well informed
+n found the mistake on my account in seconds
+n talked me through the router setup like a pro
+a all my questions about measurements were answered correctly
+a they clearly know the furniture they sell
- got a different answer every time I asked
- the person had no clue
- I was given wrong information
- had to explain their own policy to them
- first yes, then no, then maybe
-n wrote down the wrong meter reading
-a told me the wrong colour code
-a they didn't answer the question I asked
-a sent me a spare part for a completely different item
~ not quite as sure on my second question
~n had to check one figure with a colleague
~a would have liked more detail on the measurements
o advice was all right
""",
    "resolution": """
+ my problem was solved on the spot
+ all sorted
+ got it fixed quickly
+ dealt with in one go
+ a good solution in the end
+ everything works now
+ took {days} days of back and forth but it is finally resolved
+ exactly the outcome I hoped for
o half of it is sorted, we will see about the rest
- my problem is still not solved
- nothing has been resolved
- no help whatsoever
- still waiting for a solution
- only half of it was fixed
- I know no more now than I did before
-n still doesn't work, day {days} now
-a my ticket was closed but nothing was solved
-a instead of a solution I got a link to the FAQ
~ one small thing still open
~ had to chase once
o done as expected
""",
    "repeat_contact": """
+ one message was all it took
+ only had to ask once
+ they had my history in front of them
+ didn't have to explain everything again
- this is the {nth} time I have been in touch
- I have to explain everything from scratch every single time
- {times} attempts for something this simple
- contacted them again and again about the same thing
-n called {times} times since {month}
-a third email, third person, same questions
-a I have sent the photos {times} times now
-a how often do I have to write about this
~ could have worked the first time
""",
    "promise_kept": """
+ called me back exactly when they said they would
+ they kept their promise
+ followed up without me having to chase
+ did what they said they'd do
+n the callback came on time, well done
+a promised an update by {weekday} and I got one
- the promised call back never came
- still waiting for that call
- said they would get back to me, they didn't
- lots of promises, none kept
-n waited in all {weekday} for a call that never came
-n two callbacks booked, two forgotten
-a "we'll reply within 24 hours" was {days} days ago
-a the confirmation I was promised never arrived
~ the callback came a little later than agreed
""",
    "transfer": """
+ put through to the right person first time
+ one person handled everything
+ somebody finally took ownership
+ no being passed around
- passed from pillar to post
- transferred {times} times
- nobody feels responsible
- one department doesn't know what the other is doing
-n got cut off while being transferred
-a support blames the courier, the courier blames support
-a my ticket has been through {times} teams
~ put through once, then fine
""",
    "communication": """
+ explained everything clearly
+ kept me informed at every step
+ clear answer without jargon
+ easy to understand
+n I finally understand my bill
+a order updates were clear and timely
o a little more information would have been nice
- nobody told me anything
- I had to chase for every bit of information
- the letter makes no sense to me
- full of jargon
- language barrier on both sides, we gave up in the end
-n not one word about what happens next
-a only found out about the delay by accident
-a the assembly instructions are three drawings and a question mark
-a contradictory emails on the same day
~ a short confirmation by email would have been good
~ a quick update along the way would help
~a a note about the new date would have been nice
""",
    "automation": """
+a the bot handed me over to a human quickly
+a the automatic order tracking is handy
+n even the phone menu was short
- just canned replies
- almost impossible to talk to a real person
-n the phone menu goes on forever
-n the robot voice doesn't understand my accent
-n press 1, press 4, press 2, line dead
-a your chatbot is useless
-a the bot sent me round in circles
-a obviously copy and paste, didn't even match my question
~n could do without the recorded announcement
~a could do without the bot
""",
    "processing_time": """
+ dealt with incredibly fast
+ done within {days_short} days
+ quick turnaround
+a exchange processed the very next day
- it all takes far too long
- {weeks} weeks and still being processed
- why does something so simple take {weeks} weeks
-n {weeks} weeks just to change a name on a contract
-a my claim has been dragging on for {weeks} weeks
-a status "in progress" for {days} days
~ could have been a bit quicker
~ a week less would have done
o took a while but nothing unusual
""",
    "process": """
+ no red tape at all
+ very flexible
+ they made an exception for me, brilliant
+ common sense prevailed
+a no silly questions asked
- far too much bureaucracy
- "computer says no"
- everything needs a form
- staff would love to help but aren't allowed to decide anything
- rules matter more than customers
-n who still wants a fax in {year}
-a apparently nothing can be done without the original box
~ one form fewer would do
""",
    "delivery": """
+n the engineer arrived right on time
+n installation date was kept
+a fast delivery
+a arrived on time and in one piece
+a the drivers carried {product} up three flights of stairs
+a delivered earlier than promised
oa delivery was as expected
-n the engineer never turned up
-n took a day off and nobody came
-n third engineer appointment cancelled
-a delivery was {days} days late
-a tracking says delivered but there is nothing here
-a {product} arrived with a chipped corner
-a delivery date moved {times} times
-a the driver didn't even knock
-a box torn open and screws missing
-a been waiting {weeks} weeks for {product}
-a left in the rain behind the bins
~n the slot for the engineer is rather long
~a a narrower delivery slot would be handy
~a rather a lot of packaging
""",
    "availability": """
+n the fault was repaired quickly
+n line has been stable since my call
+n power was back after {min} minutes
+a {product} was in stock straight away
+a managed to get one of the last ones
-n internet is down again
-n {days} days without a connection
-n connection drops every evening
-n power went off {times} times and nobody knows why
-a {product} is always out of stock
-a could order it, then told it is unavailable
-a "back in stock soon" since {month}
~n the odd short dropout
~a my favourite colour was sold out
""",
    "product_quality": """
+n fibre is as fast as promised
+n stable line, good speed
+n happy with the green electricity
+a {product} looks even better than in the pictures
+a beautiful quality
+a solid wood and it shows
+a gorgeous things, every time
+a {product} is sturdy and well made
-n I pay for {speed} Mbit and get ten
-n the router they sent is rubbish
-a {product} wobbles
-a colour nothing like the photo
-a veneer coming off after {weeks} weeks
-a still smells of chemicals after {days} days
-a cheap feel, not what I expected
-a a leg came off {product}
~n a little slow in the evenings
~a slightly darker than I thought
~a one small scratch at the back, nobody sees it
on the line does what it should
""",
    "price": """
+ great value for money
+ fair price
+n cheaper than my old supplier
+n they told me about a cheaper tariff themselves
+a a real bargain in the sale
- too expensive
- prices are getting silly
-n up by {amount} euros a month, who can afford that
-n new customers pay less than loyal ones
-a delivery charges are a joke
-a £{amount} delivery surcharge for a shelf
~ it isn't cheap
~a postage is a little steep
""",
    "billing": """
+ the invoice was corrected without a fuss
+n bill is clear and correct
+n monthly payment adjusted in a minute
+a paying by invoice worked perfectly
+a invoice emailed straight away, perfect for the office
- the invoice is wrong
- I was charged twice
- got a payment reminder although I paid weeks ago
-n a back payment of {amount} euros cannot be right
-n bill is based on an estimate even though I sent the reading
-a my card was charged £{amount} twice
-a wrong address on the invoice again
-a reminder for {aproduct} I sent back
~n the bill could be clearer
~a another way to pay would be nice
""",
    "refund_goodwill": """
+a got a £{goodwill} voucher as an apology, nice touch
+ refund was in my account after {days_short} days
+n {goodwill} euros credit for the outage, fair enough
+a returning it was effortless
+a exchanged without any argument
+a free replacement sent out
- still waiting for my refund
- no goodwill at all
-n not a cent for {days} days without service
-a £{amount} missing for {weeks} weeks
-a they want me to pay for the return
-a offered a voucher when I want my money back
-a return arrived {days} days ago, money hasn't
~ a small gesture would have been nice
~a refund could have been a day quicker
""",
    "contract": """
+ cancellation was confirmed without any trouble
+n switching tariff took five minutes
+n moved house and took the contract along, no problem
+a trial membership was easy to end
- they claim they never received my cancellation
-n contract renewed itself for a year
-n put on a tariff I never asked for
-n moving my contract went completely wrong
-a the club subscription is impossible to cancel
-a nobody mentioned the small print
~n could have mentioned the contract term earlier
""",
    "ordering": """
+ signing up was easy
+n my order for the new line went through quickly
+a ordering was a breeze
+a was able to change my order afterwards
+a great advice when ordering
-n my order for the connection got lost
-n they spelled my name wrong at sign-up
-a my order was cancelled for no reason
-a ordered two, got one
-a couldn't change the order after four minutes
-a never got an order confirmation
~a wish orders could be changed for longer
""",
    "digital": """
+ did it all online, very easy
+n entered the meter reading in the app, done
+a website is easy to use
+a love the app
+a great filters and photos on the site
- password reset doesn't work
- the website takes forever to load
-n can't get into the customer portal
-n the online form always ends in an error
-a basket empties itself
-a the app keeps crashing
-a the site is unusable on a phone
-a checkout froze at the last step
~n the app looks a bit dated
~a site is a bit fiddly on a phone
""",
    "trust": """
+ honest about their mistake
+ I feel my data is safe here
+ no sugar-coating, I liked that
- I feel lied to
- this is how you lose people's trust
- how did a stranger get my address
-n someone at my door claimed to be from you
-n my details ended up with another customer
-a I could see another customer's address in my account
-a those reviews cannot be genuine
""",
    "sales_pressure": """
+ and nobody tried to sell me anything
+n honest advice, no hard sell
-n wanted help and got a sales pitch
-n constant marketing calls
-n said no three times and still got the fibre pitch
-a three newsletters a day is too many
-a unsubscribed and still getting adverts
-a every reply comes with an offer
~n the fibre offer at the end wasn't needed
~a fewer newsletters please
""",
}

EPISODES = {
    "harbour_outage": """
- the whole harbour has been offline for {days} days
- outage in the harbour district and nobody knows when it ends
- since the harbour outage you cannot get through on the phone
- my café by the harbour cannot take cards without a line
- they left everybody in the harbour district in the dark, literally
- {min} minutes on the fault line, just music
+ internet in the harbour is finally back
""",
    "billing_run": """
- the new bill is wrong for everyone in our house
- suddenly a back payment of {amount} euros, same for my neighbour
- charged the standing fee twice on the {month} bill
- third corrected bill and it is wrong again
""",
    "billing_mended": """
+ the wrong bill has finally been corrected
+ new bill came with an honest apology
+ the {amount} euros I overpaid are back
""",
    "callback_promise": """
+ the callback came at exactly the agreed time
+ they really do call back now
+ booked a callback and ten minutes later it was sorted
+ got a text before the callback, great idea
""",
    "carrier_change": """
- since you switched to {carrier} nothing arrives
- {carrier} left the parcel out in the rain
- {carrier} tracking has said the same thing for {days} days
- the present arrived after Christmas
- never had a problem with the old courier
- {carrier} says I wasn't in, I was in all day
- delivered to the wrong address twice
- ordered well before Christmas, still not here in the new year
- {product} is sitting in a {carrier} depot 50 miles away
- {carrier} took {days} days instead of three
- the box looked as if it had been thrown over a fence, {product} is scratched
""",
    "carrier_mended": """
+ delivery works again
+ finally on time again
+ got a proper delivery slot and the driver rang ahead
+ here in two days, like in the old days
""",
    "app_crashes": """
- since the update the app crashes at checkout
- new app opens and closes straight away
- app unusable for {days} days now
- the new app lost my basket and my wish list
- had to log in {times} times after the app update
- tried the app on three phones, it hangs on my orders
- what have you done to the app, it used to be fine
- app crashed and then ordered twice
- my order doesn't even show up in the app any more
""",
    "kind_returns": """
+ 100 days to return things is brilliant
+ returned it without the box and no questions asked
+ {product} was collected for free and refunded within {days_short} days
+ the new returns policy is really generous
+ QR code return, couldn't be simpler
+ money back without an argument, so I'll happily order again
""",
}

SHORT = {
    "glad": """
Thanks|Thank you|Great|Excellent|Perfect!|👍|All good|Keep it up|Brilliant service|Very happy|Spot on|Top notch|5 stars
Couldn't fault it|Lovely|Happy customer|Faultless|Well done everyone|Great job, thanks|Very good service|First class
Marvellous|Ace|Can't complain|Superb|Really pleased 😊|excellent as always|Absolutely brilliant|Cheers
""",
    "content": """
Fine|It was ok|Pretty good|Good overall|No complaints|Not bad|Decent|ok|Good, not great|Alright|Did the job
Satisfied on the whole
""",
    "mixed": """
Meh|So so|Average|Could be better|Hit and miss|Not great, not terrible|Mediocre|Hmm|Middling|Mixed feelings
""",
    "unhappy": """
Poor|Disappointing|Not happy|Expected more|Used to be better|Not good enough|Bit of a letdown|Must do better
Not impressed
""",
    "angry": """
Disgraceful|Appalling|Never again!|A joke|Terrible|Shambles|Utter rubbish|Worst service ever|Speechless|Absolutely awful
zero out of ten|An embarrassment|😡
""",
    "nothing": "-|none|n/a|.|nothing|asdf|no|na|--|x",
}

WHOLES = """
glad n friendliness,communication | I was dreading this call because my German is not great, but {agent} switched to English and took all the time in the world. Thank you.
glad n resolution,waiting_time | Rang at {time}, done by {time}. That's all I want from my supplier
glad * friendliness,competence | {agent} was a star. Knew the stuff, stayed friendly, give that person a raise
glad * friendliness,resolution | Customer for {years} years and this was my first problem. Sorted in one go so full marks from me
glad a product_quality,delivery | {product} is stunning!! Turned up on time too, the two lads even took their shoes off
glad a refund_goodwill,process | The return was so painless that I ordered something else. Clever you
glad a friendliness,communication | never laughed at a customer service email before. say hi to {agent}!
glad a competence,product_quality | {agent} measured it again for me and sent a photo (!!). Fits the alcove to the millimetre.
glad a waiting_time,resolution | opened chat, asked, got answer, 4 mins. sorted
glad a digital,ordering | Ordered from the sofa for the sofa. Site just works
glad a repeat_contact,resolution | One email, one answer, problem gone. It can be that easy
glad a trust,resolution | They admitted it was their mistake and put it right. Honestly, hats off.
content a delivery,product_quality | Lovely piece but {days} days later than you said, hence not full marks
content a digital,ordering | Great stuff, fiddly site on a phone. Ended up ordering on the laptop
content a friendliness,refund_goodwill | Nice people, refund could have been quicker
content a price,product_quality | You pay for what you get. Pricey but it will outlive me
content * resolution,communication | Sorted, although I had to chase. A quick update in between would have done
content * waiting_time,competence | once I finally had someone it was quick and competent
content n waiting_time,friendliness | Bit of a wait, nice chat, job done
content a automation,friendliness | Once you get past the bot they are actually lovely
mixed a delivery,friendliness | Support was lovely and it's hardly their fault, but the delivery was a farce. Middle score then.
mixed a product_quality,price | pretty but for £{amount} i expected more
mixed a process,friendliness | Nice person, rigid rules. I don't think she was allowed to say more than sorry
mixed * communication,processing_time | Neither awful nor great. It took ages and no one could tell me why
mixed * repeat_contact,resolution | Worked at the {nth} attempt. Why not the first?
mixed a digital,resolution | Chat person fixed it in no time. Shame the site is so broken that I needed her
unhappy a delivery,communication | Ordered on {weekday}, promised in 3 days, it's now been {days}. Any news? Nope.
unhappy a refund_goodwill,repeat_contact | You've had the parcel back for ages and I'm writing for the {nth} time about £{amount}. It's getting embarrassing
unhappy a automation,resolution | bot, template, bot again. I don't believe a human has read my problem
unhappy a product_quality,refund_goodwill | {product} came cracked and I was offered 10% off my next order. There won't be a next order
unhappy a digital,ordering | Ordered three times in the app, three errors, charged twice. Takes some doing
unhappy * competence,transfer | One says this, the other says that, and I'm stuck in between.
unhappy * waiting_time,resolution | {min} minutes of my life and they couldn't even help. Shame.
unhappy n availability,delivery | Engineer came, looked at it for five minutes and left. Still no internet.
unhappy n billing,communication | I don't understand the bill and after the call I understand it even less
unhappy a availability,communication | Took my money, then told me a week later {product} isn't in stock. Who runs this?
angry n waiting_time,friendliness | {min} MINUTES and then I get told off for not using the app. Seriously?
angry n availability,communication | Well done: {days} days no internet, zero information, but the bill is always on time. *slow clap*
angry a delivery,trust | Delivered? To whom? Neighbours don't have it, I don't have it, but my £{amount} is gone. I call that fraud
angry a refund_goodwill,processing_time | You've been sitting on my money for {weeks} weeks. £{amount}!!! I am not a bank
angry a automation,waiting_time | Congratulations on the stupidest chatbot in Europe. Never did get to see a human
angry a product_quality,friendliness | {product} broke after {weeks} weeks and then I'm told I built it wrong. I'm a joiner.
angry * repeat_contact,resolution | {nth} time, same problem, same "we're on it". Nobody is on it!
angry * transfer,resolution | five people five opinions no solution. what do i pay you for
angry a billing,trust | Charged twice, apologised to once, refunded never. Feels like daylight robbery.
"""

SIGNALS = {
    "churn_risk": """
I'm taking my business elsewhere
that was my last order
I have already cancelled
after {years} years I'm off to the competition
you've just lost a customer
I won't be coming back
""",
    "legal_threat": """
my solicitor will be in touch
I'm reporting this to trading standards
if this isn't sorted by {weekday} it goes to the small claims court
next stop the ombudsman
I wonder what the papers will make of it
""",
    "praise_for_agent": """
{agent} was brilliant
big thank you to {agent}
please pass on my thanks to {agent}
{agent} went the extra mile
I'd have given up without {agent}
hold on to {agent}
the young woman who helped me deserves a bonus
""",
    "score_begging": """
was asked at the end to give a 5
he told me only top marks count for him
she asked me to give her 5 stars
the agent said anything below top marks gets them in trouble
""",
    "callback_wanted": """
please call me back{phone_tail}
I'd like a call{phone_tail}
can someone ring me{phone_tail}
when can I expect a call?{phone_tail}
""",
    "vulnerable": """
I depend on a breathing machine and I'm frightened
I can't cope with this any more, it is making me ill
two small children in a cold flat, do you understand that
the man made fun of my accent
""",
}

IDENTITY = """
customer number {customer_number}
my customer no. is {customer_number}
you can reach me on {phone}
tel {phone}
my email is {mail}
write to {mail} if you need more
my name is {customer_name}
regards, {customer_name}
kind regards {customer_name}
order no. {order_number}
I already gave you my IBAN, DE02 1203 0000 0000 2020 51
"""

OPENERS = {
    "glad": "Hi|Wow|Honestly|Credit where it's due|Short and sweet|Hats off|Hello|Just wanted to say|Well well|Fab",
    "content": "Overall good|Hi|Generally happy|Fair enough|Mostly good|Honestly|All in all ok|On balance good",
    "mixed": "Hmm|Hi|Mixed bag|To be honest|Well|Not sure what to say|Bit of both",
    "unhappy": "Sadly|Hi|Sorry but|Honestly|Shame|To be fair I tried|Good morning|Not great",
    "angry": "Unbelievable|Hello?!|I'm lost for words|Seriously|Come on|What a joke|Honestly|Furious",
}
CLOSERS = {
    "glad": "Thanks|Thank you|Keep it up|Will be back|👍|🙂|Thumbs up|Cheers|Many thanks|x",
    "content": "Thanks anyway|Otherwise fine|Keep going|The rest was good|Cheers|Thanks",
    "mixed": "Could be better|We'll see|Otherwise ok|Please keep at it|Hmm",
    "unhappy": "Shame|Please fix|Not on|Sad really|You can do better|Very annoying|Disappointed",
    "angry": "Disgraceful|Not acceptable|Enough|😡|Never again|No way to treat people|Thanks for nothing",
}
BUT = ", but | - but |. Only: | but |. However, |, still, "
AND = ". |. |. |, |, and | and | - |... |! "

WORDS = {
    "month": "January February March April May June July August September October November December",
    "weekday": "Monday Tuesday Wednesday Thursday Friday Saturday",
    "nth": "second third fourth fifth sixth",
    "product": "the sideboard|the chest of drawers|the floor lamp|the bed frame|the bookcase|the linen duvet set"
    "|the sofa|the pendant lamp|the cutlery set|the coat stand|the bedside table|the bench",
    "aproduct": "a bookcase|a bed frame|a sofa|a cutlery set|a sideboard",
    "carrier": "Magpie|Magpie Parcels",
}
